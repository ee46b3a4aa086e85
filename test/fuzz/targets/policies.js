import { PolicyError } from '../../../packages/core/dist/errors.js'
import { parseSpiffeId } from '../../../packages/core/dist/identity/spiffe-id.js'
import { buildPolicy } from '../../../packages/core/dist/policy/build-policy.js'
import { decide } from '../../../packages/core/dist/policy/decide.js'
import { parsePolicyDocument } from '../../../packages/core/dist/policy/parse-document.js'
import { createPrincipal } from '../../../packages/core/dist/policy/principal.js'
import { mutateBytes } from '../mutate-bytes.js'
import { insertLine, mutateText } from '../mutate-text.js'
import { createPolicies, policyLines, policyWords } from '../policies.js'
import { mayAllow, rolesOf, rolesWithTokenOf } from '../policy-reference.js'
import { expect } from '../run-target.js'

/** Part of every name below that the samples never say: what has it is named by nothing. */
const unnamed = 'zq7'
const kinds = ['spiffe', 'uri', 'dns', 'email', 'cn']

const strange = {
  authority: `${unnamed}-authority`,
  organization: unnamed,
  spiffe: `spiffe://${unnamed}.invalid/${unnamed}/${unnamed}`,
  dns: [`host.${unnamed}.invalid`],
  email: [`${unnamed}@${unnamed}.invalid`],
}
const reader = {
  authority: 'default',
  organization: 'Acme',
  spiffe: 'spiffe://acme.test/agents/reader',
  dns: ['reader.acme.test', 'a.ops.acme.test'],
  email: ['reader@acme.test'],
}
const stranger = toCertificate(strange)
/** The reader itself, and ones that differ from it or from the stranger in a single name. */
const certificates = [
  stranger,
  toCertificate(reader),
  ...Object.entries(reader).map(([key, value]) => toCertificate({ ...strange, [key]: value })),
  ...Object.entries(strange).map(([key, value]) => toCertificate({ ...reader, [key]: value })),
  toCertificate({ ...strange, spiffe: `spiffe://acme.test/agents/${unnamed}` }),
  toCertificate({ ...strange, spiffe: 'spiffe://acme.test/ops' }),
  toCertificate({ ...strange, spiffe: 'spiffe://acme.test/ops/one/two' }),
  toCertificate({
    ...strange,
    dns: [`${unnamed}.acme.test`, '*.ops.acme.test', 'a.b.ops.acme.test'],
  }),
]
/** Tokens of a user and of the client of the same name, of another issuer, and of nobody the samples say. */
const tokens = [
  toToken({ issuer: 'https://as.acme.test', subject: 'alice', groups: ['platform', 'all'] }),
  toToken({ issuer: 'https://as.acme.test', subject: 'alice', kind: 'client', groups: 'platform' }),
  toToken({ issuer: 'https://b.test', subject: 'alice', groups: ['platform'] }),
  toToken({ issuer: 'https://as.acme.test', subject: 'bob', groups: [] }),
  toToken({ issuer: `https://${unnamed}.invalid`, subject: unnamed, groups: [unnamed] }),
]
const callers = [
  ...certificates.map((certificate) => ({ certificate })),
  ...tokens.map((token) => ({ token })),
  ...tokens.flatMap((token) =>
    certificates.slice(0, 2).map((certificate) => ({ certificate, token })),
  ),
]

/** What a policy is asked: names it may say, and ones that only a wildcard says. */
const named = [
  { kind: 'tool', name: 'search', args: { env: 'dev', list: [1, null, {}] } },
  { kind: 'tool', name: 'docs.purge', args: undefined },
  { kind: 'resource', uri: 'file:///public/a%2e%2e/b' },
  { kind: 'template', uriTemplate: 'file:///public/{x}' },
  { kind: 'method', method: 'skills/list' },
]
const nameless = [
  { kind: 'tool', name: unnamed, args: {} },
  { kind: 'prompt', name: unnamed, args: {} },
  { kind: 'resource', uri: `${unnamed}://host/${unnamed}` },
  { kind: 'method', method: `${unnamed}/list` },
]

export async function createPoliciesTarget() {
  const samples = await createPolicies()
  return {
    name: 'policies',
    samples,
    mutate(input, random) {
      const kind = random.below(6)
      if (kind === 0) return insertLine(input, random, Buffer.from(`${random.pick(policyLines)}\n`))
      if (kind === 1) return mutateBytes(input, random, samples)
      return mutateText(input, random, { others: samples, dictionary: policyWords })
    },
    examine(input) {
      const text = input.toString('utf8')
      const loaded = load(text)
      if (loaded === undefined) return false
      checkPolicy(loaded, decodeEscapes(text))
      return true
    },
  }
}

function load(text) {
  const format = text.startsWith('{') ? 'json' : 'yaml'
  try {
    const document = parsePolicyDocument(`policy.${format}`, text, format)
    const definition = format === 'json' ? JSON.parse(text) : document.value
    return { policy: buildPolicy(document), definition }
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    checkIssues(error, text)
    return undefined
  }
}

function checkIssues({ issues }, text) {
  expect(issues.length > 0, 'a policy is refused without an issue')
  const lines = text.split(/\r\n|\r|\n/).length
  for (const issue of issues) {
    const { line, message } = issue
    expect(message !== '', 'an issue says nothing', issue)
    expect(line >= 1 && line <= lines, 'an issue has no line of the file', { issue, lines })
  }
}

function checkPolicy({ policy, definition }, text) {
  for (const caller of callers) {
    const principal = createPrincipal(policy, caller, kinds)
    const roles = rolesOf(definition, caller)
    const same = principal.roles.join() === roles.join()
    expect(same, 'a principal gets other roles', { ours: principal.roles, roles, caller })
    const promised = rolesWithTokenOf(definition, caller)
    const agreed = principal.rolesWithToken.join() === promised.join()
    expect(agreed, 'a token could add other roles', { ours: principal.rolesWithToken, promised })
    for (const operation of operations)
      checkDecision({ policy, definition, text }, principal, operation)
  }
  const { roles } = createPrincipal(policy, { certificate: stranger }, kinds)
  const sayable = text.includes(unnamed) || text.includes('certificate')
  expect(sayable || roles.length === 0, 'a stranger gets a role', roles)
}

const operations = [...named, ...nameless]
const lists = { tool: 'tools', prompt: 'prompts', method: 'methods' }

function checkDecision({ policy, definition, text }, principal, operation) {
  const decision = decide(policy, principal, operation)
  if (decision.effect === 'deny') return
  const awaited = decision.wants === 'token' ? principal.rolesWithToken : []
  const roles = [...principal.roles, ...awaited]
  expect(roles.length > 0, 'nobody is allowed something', operation)
  const sayable = named.includes(operation) || /[*]|zq7/.test(text)
  expect(sayable, 'what nothing names is allowed', operation)
  const list = lists[operation.kind]
  const name = operation.name ?? operation.method
  const held = decision.effect === 'allow' ? (principal.token?.scopes ?? []) : undefined
  const justified = list === undefined || mayAllow(definition, roles, { list, name, held })
  expect(justified, 'more is allowed than the roles say', { operation, roles })
}

/** Quoted scalars may spell any character as an escape. */
function decodeEscapes(text) {
  return text.replaceAll(/\\(?:x(..)|u(....)|U(........))/gs, (spelt, ...digits) => {
    const [hex] = digits.filter((found) => found !== undefined)
    const code = Number.parseInt(hex, 16)
    return code <= 0x10ffff ? String.fromCodePoint(code) : spelt
  })
}

function toCertificate({ authority, organization, spiffe, dns, email }) {
  const subject = {
    text: `CN=${organization},O=${organization}`,
    commonNames: [organization],
    organizations: [organization],
    organizationalUnits: [organization],
  }
  return Object.freeze({
    thumbprint: Buffer.alloc(32, organization).toString('base64url'),
    subject,
    issuer: subject,
    serialNumber: '01',
    notBefore: 0,
    notAfter: 1,
    names: { uri: [spiffe], dns, email },
    spiffeId: parseSpiffeId(spiffe),
    authority,
  })
}

function toToken({ issuer, subject, kind = 'user', groups }) {
  return Object.freeze({
    issuer,
    kind,
    subject,
    clientId: kind === 'client' ? subject : 'web',
    scopes: subject === 'alice' ? ['mcp:deploy'] : [],
    audience: [],
    expiresAt: 1,
    binding: {},
    claims: { groups, level: 2, realm: { roles: groups } },
    hash: Buffer.alloc(32, subject).toString('base64url'),
  })
}
