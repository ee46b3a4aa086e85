import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Operation } from '../../src/mcp/operation.js'
import { permits } from '../../src/policy/decide.js'
import { definePolicy } from '../../src/policy/define.js'
import type {
  AssignmentDefinition,
  PolicyDefinition,
  RoleDefinition,
} from '../../src/policy/definition.js'
import { createPrincipal } from '../../src/policy/principal.js'
import { extension, peer, resource, template, tool } from './peer.js'

const roleNames = ['r0', 'r1', 'r2', 'r3'] as const
const names = ['a', 'ab', 'abc', 'b', '__proto__', 'caf\u00e9']
const uris = [
  'file:///a',
  'file:///a/b',
  'file:///a/../c',
  'FILE:///a/b',
  'file:///c/%61',
  'ui://a',
]
const operations: readonly Operation[] = [
  ...names.map(tool),
  ...names.map((name) => ({ kind: 'prompt', name, args: {} }) as const),
  ...uris.map(resource),
  template('file:///a/{x}'),
  template('ui://{x}'),
  ...['x/a', 'x/b', 'initialize', '__proto__'].map(extension),
]
const spiffeIds = ['spiffe://t.test/a', 'spiffe://t.test/a/b', 'spiffe://u.test/a']

const namePatterns = fc.subarray(['a', 'a*', '*c', '*', 'b', '__proto__'], { minLength: 1 })
const resourcePatterns = fc.subarray(['file:///a', 'file:///a/**', 'file:///*', '**'], {
  minLength: 1,
})
const lists = {
  tools: namePatterns,
  prompts: namePatterns,
  resources: resourcePatterns,
  methods: fc.subarray(['x/a', 'x/b'], { minLength: 1 }),
}
const withUi = fc.constant({ name: 'b', ui: true } as const)
const tools = fc.array(fc.oneof(withUi, fc.constantFrom('a', 'a*', '*c', '*', '__proto__')), {
  minLength: 1,
})
const allowing = fc.record({ ...lists, tools }, { requiredKeys: [] })
const denying = fc.record(lists, { requiredKeys: [] })
const assignment = fc.record({
  spiffe: fc.constantFrom('spiffe://t.test/**', 'spiffe://t.test/*', ...spiffeIds),
  roles: fc.subarray([...roleNames], { minLength: 1 }),
})

// Each role extends only later ones, so there is no cycle.
function withExtends(
  roles: readonly RoleDefinition[],
  edges: readonly boolean[],
): PolicyDefinition['roles'] {
  return Object.fromEntries(
    roles.map((role, index) => {
      const parents = roleNames.filter((_, other) => other > index && edges[index * 4 + other])
      return [roleNames[index], parents.length > 0 ? { ...role, extends: parents } : role]
    }),
  )
}

function definitions(role: fc.Arbitrary<RoleDefinition>): fc.Arbitrary<PolicyDefinition> {
  return fc
    .record({
      roles: fc.array(role, { minLength: 4, maxLength: 4 }),
      edges: fc.array(fc.boolean(), { minLength: 16, maxLength: 16 }),
      assignments: fc.array(assignment, { minLength: 1, maxLength: 4 }),
    })
    .map(({ roles, edges, assignments }) => ({
      version: 1,
      roles: withExtends(roles, edges),
      assignments,
    }))
}

const withDeny = definitions(
  fc
    .record({ allow: allowing, deny: fc.option(denying, { nil: undefined }) })
    .map(({ allow, deny }) => ({ ...allow, deny })),
)
const withoutDeny = definitions(allowing)

/** Everything that is allowed, as text, so that two policies can be compared. */
function allowed(definition: PolicyDefinition): ReadonlySet<string> {
  const policy = definePolicy<string>(definition)
  const found = new Set<string>()
  for (const spiffe of spiffeIds) {
    const principal = createPrincipal(policy, { certificate: peer({ spiffe }) }, ['spiffe'])
    for (const operation of operations) {
      if (permits(policy, principal, operation)) found.add(`${spiffe} ${JSON.stringify(operation)}`)
    }
  }
  return found
}

function expectSubset(smaller: ReadonlySet<string>, larger: ReadonlySet<string>): void {
  expect([...smaller].filter((text) => !larger.has(text))).toEqual([])
}

function withAssignments(
  definition: PolicyDefinition,
  assignments: readonly AssignmentDefinition[],
): PolicyDefinition {
  return { ...definition, assignments: assignments.length > 0 ? assignments : undefined }
}

describe('D38 what a change of the policy can do', () => {
  it('D38 adding an assignment to roles without deny never removes an allow', () => {
    fc.assert(
      fc.property(withoutDeny, assignment, (definition, added) => {
        const more = withAssignments(definition, [...(definition.assignments ?? []), added])
        expectSubset(allowed(definition), allowed(more))
      }),
    )
  })

  it('D38 adding a deny never adds an allow', () => {
    fc.assert(
      fc.property(withDeny, fc.constantFrom(...roleNames), denying, (definition, name, deny) => {
        const before = definition.roles?.[name] ?? {}
        const joined = {
          tools: join(before.deny?.tools, deny.tools),
          prompts: join(before.deny?.prompts, deny.prompts),
          resources: join(before.deny?.resources, deny.resources),
          methods: join(before.deny?.methods, deny.methods),
        }
        const roles = { ...definition.roles, [name]: { ...before, deny: joined } }
        expectSubset(allowed({ ...definition, roles }), allowed(definition))
      }),
    )
  })

  it('D38 removing a role without deny never grants', () => {
    fc.assert(
      fc.property(withoutDeny, fc.constantFrom(...roleNames), (definition, name) => {
        expectSubset(allowed(withoutRole(definition, name)), allowed(definition))
      }),
    )
  })

  it('D38 order never matters', () => {
    fc.assert(
      fc.property(withDeny, (definition) => {
        expect(allowed(reversed(definition))).toEqual(allowed(definition))
      }),
    )
  })

  it('D38 an unknown principal gets nothing', () => {
    fc.assert(
      fc.property(withDeny, fc.constantFrom(...operations), (definition, operation) => {
        const policy = definePolicy<string>(definition)
        const principal = createPrincipal(
          policy,
          { certificate: peer({ spiffe: 'spiffe://x.test/a' }) },
          ['spiffe'],
        )
        expect(principal.roles).toEqual([])
        expect(permits(policy, principal, operation)).toBe(false)
      }),
    )
  })

  it('the policies compared above do allow things', () => {
    const sizes = fc.sample(withDeny, 50).map((definition) => allowed(definition).size)
    expect(Math.max(...sizes)).toBeGreaterThan(0)
  })

  it('D05 no policy allows a method it does not name, nor one of MCP', () => {
    fc.assert(
      fc.property(
        withDeny,
        fc.constantFrom('initialize', 'tasks/get', 'x/c', ''),
        (definition, method) => {
          const policy = definePolicy<string>(definition)
          const principal = createPrincipal(
            policy,
            { certificate: peer({ spiffe: 'spiffe://t.test/a' }) },
            ['spiffe'],
          )
          expect(permits(policy, principal, extension(method))).toBe(false)
        },
      ),
    )
  })

  it('D10 a role with a user interface differs from one without in ui:// resources alone', () => {
    const strip = (role: RoleDefinition): RoleDefinition => ({
      ...role,
      tools: role.tools?.map((entry) => (typeof entry === 'string' ? entry : entry.name)),
    })
    fc.assert(
      fc.property(withDeny, (definition) => {
        const roles = Object.entries(definition.roles ?? {}).map(([name, role]) => [
          name,
          strip(role),
        ])
        const plain = allowed({ ...definition, roles: Object.fromEntries(roles) })
        const all = allowed(definition)
        expectSubset(plain, all)
        const added = [...all].filter((text) => !plain.has(text))
        expect(added.filter((text) => !/"uri(Template)?":"ui:\/\//.test(text))).toEqual([])
      }),
    )
  })

  it('D09 hostile strings never make a decision throw', () => {
    const policy = definePolicy({
      version: 1,
      roles: {
        r0: {
          tools: ['a*b', '*'],
          resources: ['file:///a/**', '**'],
          deny: { tools: ['*x*'], resources: ['https://h.test/**', 'file:///x'] },
        },
      },
      assignments: [{ dns: 'a.test', roles: ['r0'] }],
    })
    const principal = createPrincipal(policy, { certificate: peer({ dns: ['a.test'] }) }, ['dns'])
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl(), fc.constant('\ud800%\udc00'))
    fc.assert(
      fc.property(text, (hostile) => {
        for (const ask of [tool, resource, template, extension]) {
          const operation = ask(hostile)
          expect(permits(policy, principal, operation)).toBeTypeOf('boolean')
        }
      }),
    )
  })
})

function join<Entry>(
  first: readonly Entry[] | undefined,
  second: readonly Entry[] | undefined,
): readonly Entry[] | undefined {
  const joined = [...(first ?? []), ...(second ?? [])]
  return joined.length > 0 ? joined : undefined
}

function withoutRole(definition: PolicyDefinition, removed: string): PolicyDefinition {
  const keep = (roles: readonly string[] | undefined) =>
    join(
      roles?.filter((role) => role !== removed),
      [],
    )
  const roles = Object.fromEntries(
    Object.entries(definition.roles ?? {})
      .filter(([name]) => name !== removed)
      .map(([name, role]) => [name, { ...role, extends: keep(role.extends) }]),
  )
  const assignments = (definition.assignments ?? []).flatMap((entry) => {
    const left = keep(entry.roles)
    return left === undefined ? [] : [{ ...entry, roles: left }]
  })
  return withAssignments({ ...definition, roles }, assignments)
}

function reversed(definition: PolicyDefinition): PolicyDefinition {
  const flip = <Entry>(list: readonly Entry[] | undefined) => list && [...list].reverse()
  const roles = Object.entries(definition.roles ?? {}).map(([name, role]) => [
    name,
    {
      ...role,
      extends: flip(role.extends),
      tools: flip(role.tools),
      prompts: flip(role.prompts),
      resources: flip(role.resources),
      methods: flip(role.methods),
    },
  ])
  const assignments = definition.assignments?.map((entry) => ({
    ...entry,
    roles: flip(entry.roles) ?? [],
  }))
  return withAssignments(
    { ...definition, roles: Object.fromEntries(roles.reverse()) },
    flip(assignments) ?? [],
  )
}
