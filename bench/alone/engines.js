import { createRequire } from 'node:module'
import { celEnv, parse, plan } from '@bufbuild/cel'
import { newEnforcer, newModel, StringAdapter } from 'casbin'

// The same rules for all: ten roles with two names or patterns of tools each, the caller holds one of them.
const roles = Array.from({ length: 10 }, (_, index) => `role-${index}`)
const toolsOf = (role) =>
  role === roles.at(-1) ? ['echo', 'search.*'] : [`${role}.*`, `${role}-only`]

/** One decision by each of the other engines, everything prepared that can be. */
export async function callsOfEngines(operation) {
  const calls = {
    'Cedar (wasm)': cedar(operation),
    casbin: await casbin(operation),
    '@bufbuild/cel': cel(operation),
  }
  for (const [name, call] of Object.entries(calls)) {
    if (call() !== true) throw new Error(`${name} does not allow what the rules allow`)
  }
  return calls
}

function cedar(operation) {
  const { preparsePolicySet, statefulIsAuthorized } = createRequire(import.meta.url)(
    '@cedar-policy/cedar-wasm/nodejs',
  )
  const permit = (role) => {
    const names = toolsOf(role).map((tool) => `resource.name like "${tool}"`)
    return `permit(principal in Role::"${role}", action == Action::"call", resource) when { ${names.join(' || ')} };`
  }
  preparsePolicySet('bench', { staticPolicies: roles.map(permit).join('\n') })
  const principal = { type: 'Agent', id: 'bench' }
  const role = { type: 'Role', id: roles.at(-1) }
  const resource = { type: 'Tool', id: operation.name }
  const entities = [
    { uid: principal, attrs: {}, parents: [role] },
    { uid: role, attrs: {}, parents: [] },
    { uid: resource, attrs: { name: operation.name }, parents: [] },
  ]
  const call = {
    principal,
    action: { type: 'Action', id: 'call' },
    resource,
    context: {},
    preparsedPolicySetId: 'bench',
    validateRequest: false,
    entities,
  }
  return () => statefulIsAuthorized(call).response.decision === 'allow'
}

async function casbin(operation) {
  const model = newModel(`
[request_definition]
r = sub, obj
[policy_definition]
p = sub, obj
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && keyMatch(r.obj, p.obj)
`)
  const rules = roles.flatMap((role) => toolsOf(role).map((tool) => `p, ${role}, ${tool}`))
  const adapter = new StringAdapter([...rules, `g, bench, ${roles.at(-1)}`].join('\n'))
  const enforcer = await newEnforcer(model, adapter)
  return () => enforcer.enforceSync('bench', operation.name)
}

/** An evaluator of expressions has no roles to look among: it is given the caller's rule alone. */
function cel(operation) {
  const rule = 'roles.exists(r, r == "role-9") && (tool == "echo" || tool.startsWith("search."))'
  const evaluate = plan(celEnv(), parse(rule).expr)
  return () => evaluate({ roles: ['role-9'], tool: operation.name })
}
