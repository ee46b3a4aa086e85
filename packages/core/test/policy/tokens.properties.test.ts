import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide } from '../../src/policy/decide.js'
import { definePolicy } from '../../src/policy/define.js'
import type {
  AssignmentDefinition,
  PolicyDefinition,
  RoleDefinition,
  TokenMatcher,
} from '../../src/policy/definition.js'
import { createPrincipal, type Peer } from '../../src/policy/principal.js'
import { peer, resource, token, tool } from './peer.js'

const operations = [...['a', 'ab', 'b', '__proto__'].map(tool), resource('file:///a/b')]
const dns = ['a.test', 'b.test'] as const
const words = ['x', 'y', 'z'] as const
const anyOf = fc.subarray([...words], { minLength: 1 })
const roleNames = ['r0', 'r1', 'r2'] as const

const tokens = fc
  .record({
    issuer: fc.constantFrom('https://as.test', 'https://b.test'),
    kind: fc.constantFrom('user', 'client'),
    subject: fc.constantFrom(...words),
    clientId: fc.constantFrom(...words),
    scopes: fc.subarray([...words]),
    claims: fc.record(
      {
        groups: fc.oneof(fc.constantFrom(...words), fc.subarray([...words])),
        n: fc.constantFrom(1, '1'),
      },
      { requiredKeys: [] },
    ),
  })
  .map((options) => token(options))
const peers: fc.Arbitrary<Peer> = fc
  .record({
    name: fc.option(fc.constantFrom(...dns), { nil: undefined }),
    token: fc.option(tokens, { nil: undefined }),
  })
  .filter((given) => given.name !== undefined || given.token !== undefined)
  .map(({ name, token: given }) => ({
    token: given,
    certificate: name === undefined ? undefined : peer({ dns: [name] }),
  }))

const matcher: fc.Arbitrary<TokenMatcher> = fc
  .record(
    {
      issuer: fc.constantFrom('https://as.test', 'https://c.test'),
      kind: fc.constantFrom('user', 'client'),
      subject: anyOf,
      client: anyOf,
      scopes: anyOf,
      claims: fc.oneof(
        fc.record({ groups: anyOf }),
        fc.record({ n: fc.constantFrom(1, '1') }),
        fc.record({ groups: fc.constantFrom(...words), n: fc.constant(1) }),
      ),
    },
    { requiredKeys: [] },
  )
  .filter((keys) => Object.keys(keys).length > 0)
const assignment: fc.Arbitrary<AssignmentDefinition> = fc
  .record({
    dns: fc.option(fc.constantFrom(...dns), { nil: undefined }),
    token: fc.option(fc.oneof(fc.constant('any' as const), matcher), { nil: undefined }),
    roles: fc.subarray([...roleNames], { minLength: 1 }),
  })
  .filter((given) => given.dns !== undefined || given.token !== undefined)
const entry = fc.record(
  { name: fc.constantFrom('a', 'a*', '*', 'b'), scopes: anyOf },
  { requiredKeys: ['name'] },
)
const resourceEntry = fc.record(
  { uri: fc.constantFrom('file:///a/**', '**'), scopes: anyOf },
  { requiredKeys: ['uri'] },
)
const allowing = fc.record(
  {
    tools: fc.array(entry, { minLength: 1, maxLength: 4 }),
    resources: fc.array(resourceEntry, { minLength: 1, maxLength: 2 }),
  },
  { requiredKeys: [] },
)
const denying = fc.record({ tools: fc.subarray(['a', 'b*'], { minLength: 1 }) })

function definitions(role: fc.Arbitrary<RoleDefinition>): fc.Arbitrary<PolicyDefinition> {
  return fc.record({
    version: fc.constant(1 as const),
    roles: fc.record({ r0: role, r1: role, r2: role }),
    assignments: fc.array(assignment, { minLength: 1, maxLength: 5 }),
  })
}
const withoutDeny = definitions(allowing)
const withDeny = definitions(
  fc
    .record({ allow: allowing, deny: fc.option(denying, { nil: undefined }) })
    .map(({ allow, deny }) => ({ ...allow, deny })),
)

function effects(definition: PolicyDefinition, given: Peer): readonly string[] {
  const policy = definePolicy<string>(definition)
  const principal = createPrincipal(policy, given, ['dns'])
  return operations.map((operation) => decide(policy, principal, operation).effect)
}

/** From nothing to everything. */
const ranks: Readonly<Record<string, number>> = { deny: 0, challenge: 1, allow: 2 }

function expectNoLess(before: readonly string[], after: readonly string[]): void {
  const lost = before.filter(
    (effect, index) => (ranks[effect] ?? 0) > (ranks[after[index] ?? ''] ?? 0),
  )
  expect(lost).toEqual([])
}

describe('D38 what tokens can do', () => {
  it('D38 C20 adding a scope to a token never removes an allow', () => {
    fc.assert(
      fc.property(withDeny, peers, fc.constantFrom(...words), (definition, given, scope) => {
        fc.pre(given.token !== undefined && !asksForScopes(definition))
        const scopes = [...(given.token?.scopes ?? []), scope]
        const more = { ...given, token: token({ ...given.token, scopes }) }
        expectNoLess(effects(definition, given), effects(definition, more))
      }),
    )
  })

  it('D38 C20 nor does it where assignments ask for scopes, and no role denies', () => {
    fc.assert(
      fc.property(withoutDeny, peers, fc.constantFrom(...words), (definition, given, scope) => {
        fc.pre(given.token !== undefined)
        const scopes = [...(given.token?.scopes ?? []), scope]
        const more = { ...given, token: token({ ...given.token, scopes }) }
        expectNoLess(effects(definition, given), effects(definition, more))
      }),
    )
  })

  it('D38 asking a token for less never removes an allow from roles without deny', () => {
    fc.assert(
      fc.property(withoutDeny, peers, fc.nat(), (definition, given, pick) => {
        const assignments = (definition.assignments ?? []).map((each) => {
          if (typeof each.token !== 'object') return each
          const keys = Object.entries(each.token)
          const left = keys.filter((_, index) => index !== pick % keys.length)
          return { ...each, token: left.length === 0 ? ('any' as const) : Object.fromEntries(left) }
        })
        expectNoLess(effects(definition, given), effects({ ...definition, assignments }, given))
      }),
    )
  })

  it('D38 taking the scopes from an entry never removes an allow', () => {
    fc.assert(
      fc.property(withDeny, peers, (definition, given) => {
        const roles = Object.entries(definition.roles ?? {}).map(([name, role]) => {
          const strip = (each: string | object) =>
            typeof each === 'string' ? each : { ...each, scopes: undefined }
          return [
            name,
            { ...role, tools: role.tools?.map(strip), resources: role.resources?.map(strip) },
          ]
        })
        const open = { ...definition, roles: Object.fromEntries(roles) }
        expectNoLess(effects(definition, given), effects(open, given))
      }),
    )
  })

  it('D38 C11 an unknown token gets nothing', () => {
    const unknown = token({ issuer: 'https://x.test', subject: 'q', clientId: 'q' })
    fc.assert(
      fc.property(withDeny, peers, (definition, { certificate }) => {
        const named = (definition.assignments ?? []).filter((each) => !isLoose(each.token))
        const withoutTokens = named.filter((each) => each.token === undefined)
        const given = { certificate, token: unknown }
        const [after, before] = [named, withoutTokens].map((assignments) =>
          effects(
            { ...definition, assignments: assignments.length > 0 ? assignments : undefined },
            given,
          ),
        )
        expect(after).toEqual(before)
      }),
    )
  })

  it('D38 a challenge for a token is one that some token answers, where no role denies', () => {
    fc.assert(
      fc.property(withoutDeny, fc.constantFrom(...dns), (definition, name) => {
        const policy = definePolicy<string>(definition)
        const certificate = peer({ dns: [name] })
        const principal = createPrincipal(policy, { certificate }, ['dns'])
        const holder = { ...principal, roles: [...principal.roles, ...principal.rolesWithToken] }
        for (const operation of operations) {
          const decision = decide(policy, principal, operation)
          if (decision.effect !== 'challenge' || decision.wants !== 'token') continue
          const answered = { ...holder, rolesWithToken: [], token: token({ scopes: [...words] }) }
          expect(decide(policy, answered, operation).effect).toBe('allow')
        }
      }),
    )
  })

  it('D38 order never matters', () => {
    fc.assert(
      fc.property(withDeny, peers, (definition, given) => {
        const roles = Object.entries(definition.roles ?? {}).map(([name, role]) => [
          name,
          {
            ...role,
            tools: role.tools && [...role.tools].reverse(),
            resources: role.resources && [...role.resources].reverse(),
          },
        ])
        const reversed = {
          ...definition,
          roles: Object.fromEntries(roles.reverse()),
          assignments: [...(definition.assignments ?? [])].reverse(),
        }
        expect(effects(reversed, given)).toEqual(effects(definition, given))
      }),
    )
  })

  it('what is compared above is of every kind', () => {
    const seen = fc
      .sample(fc.tuple(withDeny, peers), 200)
      .flatMap(([definition, given]) => effects(definition, given))
    expect(new Set(seen)).toEqual(new Set(['allow', 'challenge', 'deny']))
  })
})

function asksForScopes({ assignments = [] }: PolicyDefinition): boolean {
  return assignments.some(
    (each) => typeof each.token === 'object' && each.token.scopes !== undefined,
  )
}

/** Whether a token that nobody knows could match. */
function isLoose(asked: AssignmentDefinition['token']): boolean {
  return asked === 'any' || (asked !== undefined && Object.keys(asked).join() === 'kind')
}
