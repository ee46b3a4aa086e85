import { createRequire } from 'node:module'
import { celEnv, parse, plan } from '@bufbuild/cel'
import { newEnforcer, newModel, StringAdapter } from 'casbin'

// The same rule for all: the caller holds one role, the role may call `echo` and `search.*`.
const tool = (operation) => operation.name

/** One decision by each of the other engines, everything prepared that can be. */
export async function callsOfEngines(operation) {
  const calls = {
    'Cedar (wasm)': cedar(operation),
    casbin: await casbin(operation),
    '@bufbuild/cel': cel(operation),
  }
  for (const [name, call] of Object.entries(calls)) {
    if (call() !== true) throw new Error(`${name} does not allow what the rule allows`)
  }
  return calls
}

function cedar(operation) {
  const { preparsePolicySet, statefulIsAuthorized } = createRequire(import.meta.url)(
    '@cedar-policy/cedar-wasm/nodejs',
  )
  const staticPolicies =
    'permit(principal in Role::"role-9", action == Action::"call", resource) when { resource.name == "echo" || resource.name like "search.*" };'
  preparsePolicySet('bench', { staticPolicies })
  const principal = { type: 'Agent', id: 'bench' }
  const role = { type: 'Role', id: 'role-9' }
  const resource = { type: 'Tool', id: tool(operation) }
  const entities = [
    { uid: principal, attrs: {}, parents: [role] },
    { uid: role, attrs: {}, parents: [] },
    { uid: resource, attrs: { name: tool(operation) }, parents: [] },
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
  const rules = 'p, role-9, echo\np, role-9, search.*\ng, bench, role-9'
  const enforcer = await newEnforcer(model, new StringAdapter(rules))
  return () => enforcer.enforceSync('bench', tool(operation))
}

function cel(operation) {
  const rule = 'roles.exists(r, r == "role-9") && (tool == "echo" || tool.startsWith("search."))'
  const evaluate = plan(celEnv(), parse(rule).expr)
  return () => evaluate({ roles: ['role-9'], tool: tool(operation) })
}
