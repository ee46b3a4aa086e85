import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { PolicyError } from '../../src/errors.js'
import { buildPolicy } from '../../src/policy/build-policy.js'
import { toJsonSchema } from '../../src/policy/json-schema.js'

const file: unknown = JSON.parse(
  readFileSync(new URL('../../policy.schema.json', import.meta.url), 'utf8'),
)

const validate = new Ajv2020({
  strict: true,
  strictRequired: false,
  allowUnionTypes: true,
}).compile(toJsonSchema())

function loads(value: unknown): boolean {
  try {
    buildPolicy({ source: 'policy.json', value })
    return true
  } catch (error) {
    if (error instanceof PolicyError) return false
    throw error
  }
}

const reader = { tools: ['search'] }

function withRole(role: unknown) {
  return { version: 1, roles: { reader: role } }
}

function withAssignment(assignment: unknown) {
  return { version: 1, roles: { reader }, assignments: [assignment] }
}

const refused: readonly [unknown][] = [
  [null],
  [[]],
  ['version: 1'],
  [{}],
  [{ version: '1' }],
  [{ version: 2 }],
  [{ version: 1, role: {} }],
  [{ version: 1, roles: [] }],
  [{ version: 1, roles: { '2fast': {} } }],
  [{ version: 1, roles: { constructor: {} } }],
  [{ version: 1, roles: { 'a b': {} } }],
  [{ version: 1, assignments: [] }],
  [withRole(null)],
  [withRole({ tool: ['a'] })],
  [withRole({ tools: [] })],
  [withRole({ tools: 'a' })],
  [withRole({ tools: [''] })],
  [withRole({ tools: [1] })],
  [withRole({ tools: [{}] })],
  [withRole({ tools: [{ nme: 'a' }] })],
  [withRole({ tools: [{ name: 'a', ui: false }] })],
  [withRole({ tools: [{ name: 'a', when: true }] })],
  [withRole({ tools: [{ name: 'a', when: '' }] })],
  [withRole({ tools: [{ name: 'a', scopes: [] }] })],
  [withRole({ tools: [{ name: 'a', scopes: 'x' }] })],
  [withRole({ prompts: [{ name: 'a', scopes: [1] }] })],
  [withRole({ resources: [{ uri: 'file:///a', scopes: [''] }] })],
  [withRole({ deny: { tools: [{ name: 'a', scopes: ['x'] }] } })],
  [withRole({ deny: { prompts: [{ name: 'a', scopes: ['x'] }] } })],
  [withRole({ deny: { resources: [{ uri: 'file:///a', scopes: ['x'] }] } })],
  [withRole({ prompts: [{ uri: 'a' }] })],
  [withRole({ prompts: [{ name: 'a', ui: true }] })],
  [withRole({ resources: [{ name: 'file:///a' }] })],
  [withRole({ methods: [{ name: 'skills/list' }] })],
  [withRole({ methods: 'skills/list' })],
  [withRole({ deny: [] })],
  [withRole({ deny: { tolls: ['a'] } })],
  [withRole({ deny: { tools: [{ name: 'a', ui: true }] } })],
  [withRole({ deny: { extends: ['a'] } })],
  [withRole({ extends: 'a' })],
  [withAssignment({ roles: ['reader'] })],
  [withAssignment({ issuer: 'CN=a', roles: ['reader'] })],
  [withAssignment({ dns: 'a.test' })],
  [withAssignment({ dns: 'a.test', roles: [] })],
  [withAssignment({ dns: [], roles: ['reader'] })],
  [withAssignment({ dns: 1, roles: ['reader'] })],
  [withAssignment({ dns: 'a.test', token: 'every', roles: ['reader'] })],
  [withAssignment({ dns: 'a.test', token: ['any'], roles: ['reader'] })],
  [withAssignment({ dns: 'a.test', token: {}, roles: ['reader'] })],
  [withAssignment({ token: { subject: [] }, roles: ['reader'] })],
  [withAssignment({ token: { subject: '' }, roles: ['reader'] })],
  [withAssignment({ token: { subject: 1 }, roles: ['reader'] })],
  [withAssignment({ token: { sub: 'a' }, roles: ['reader'] })],
  [withAssignment({ token: { kind: 'robot' }, roles: ['reader'] })],
  [withAssignment({ token: { kind: ['user'] }, roles: ['reader'] })],
  [withAssignment({ token: { claims: {} }, roles: ['reader'] })],
  [withAssignment({ token: { claims: 'groups' }, roles: ['reader'] })],
  [withAssignment({ token: { claims: { a: null } }, roles: ['reader'] })],
  [withAssignment({ token: { claims: { a: [] } }, roles: ['reader'] })],
  [withAssignment({ token: { claims: { a: [{}] } }, roles: ['reader'] })],
  [withAssignment({ token: { claims: { a: { b: {} } } }, roles: ['reader'] })],
  [withAssignment({ token: { claims: { '': 'x' } }, roles: ['reader'] })],
  [withAssignment({ certificate: 'all', roles: ['reader'] })],
  [withAssignment({ certificate: ['any'], roles: ['reader'] })],
  [withAssignment({ challenge: 'tool-result', roles: ['reader'] })],
  [withAssignment({ dns: 'a.test', challenge: 'http', roles: ['reader'] })],
  [withAssignment({ dns: 'a.test', roles: 'reader' })],
  [withRole({ extends: [] })],
]

/** Every property the schema names, at any depth. */
function propertiesOf(schema: unknown): readonly [string, object][] {
  if (typeof schema !== 'object' || schema === null) return []
  const own = 'properties' in schema ? Object.entries(schema.properties ?? {}) : []
  return [...own, ...Object.values(schema).flatMap(propertiesOf)]
}

describe('policy.schema.json', () => {
  it('is what scripts/policy-schema.js makes of the schema of the loader', () => {
    expect(file).toEqual(toJsonSchema())
  })

  it('describes every key', () => {
    const undescribed = propertiesOf(file).filter(([, value]) => !('description' in value))
    expect(propertiesOf(file).length).toBeGreaterThan(30)
    expect(undescribed.map(([name]) => name)).toEqual([])
  })

  it.each([
    { version: 1 },
    { version: 1, roles: {} },
    withRole({}),
    withRole({
      tools: ['a', 'docs.*', { name: 'b' }, { name: 'c', ui: true, when: 'args.x == 1' }],
      prompts: ['*', { name: 'a', when: 'true' }],
      resources: ['file:///a/**', { uri: 'file:///b', when: 'uri == "a"' }],
      methods: ['skills/list'],
      deny: {
        tools: ['a', { name: 'b', when: 'args.x == 1' }],
        prompts: [{ name: 'a' }],
        resources: [{ uri: 'file:///b' }],
        methods: ['skills/get'],
      },
    }),
    withAssignment({ spiffe: 'spiffe://a.test/**', roles: ['reader'] }),
    withAssignment({ dns: ['a.test', '*.b.test'], issuer: 'CN=a', roles: ['reader'] }),
    withAssignment({
      authority: 'mesh',
      o: 'a',
      ou: ['b'],
      cn: 'c',
      email: 'a@b.test',
      roles: ['reader'],
    }),
    withAssignment({ uri: 'urn:a', thumbprint: 'A'.repeat(43), roles: ['reader'] }),
    withRole({
      tools: [{ name: 'a', scopes: ['mcp:deploy', 'b'], when: 'args.x == 1', ui: true }],
      prompts: [{ name: 'a', scopes: ['x'] }],
      resources: [{ uri: 'file:///a', scopes: ['x'] }],
    }),
    withAssignment({ certificate: 'any', issuer: 'CN=a', roles: ['reader'] }),
    withAssignment({ token: 'any', roles: ['reader'] }),
    withAssignment({
      dns: 'a.test',
      challenge: 'tool-result',
      token: {
        issuer: 'https://as.test',
        kind: 'user',
        subject: ['a', 'b'],
        client: 'https://client.test/id',
        scopes: ['x'],
        claims: { groups: ['a', 1, true], n: 1.5, ok: false, realm_access: { roles: 'admin' } },
      },
      roles: ['reader'],
    }),
  ])('D35 accepts what the loader accepts: %j', (document) => {
    expect([validate(document), loads(document)]).toEqual([true, true])
  })

  it.each(refused)('D35 refuses what the loader refuses: %j', (document) => {
    expect([validate(document), loads(document)]).toEqual([false, false])
  })
})
