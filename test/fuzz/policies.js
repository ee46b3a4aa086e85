import { readdir, readFile } from 'node:fs/promises'

const examples = new URL('../../examples/', import.meta.url)

/** The policies of the examples, and two that use the rest of the language. */
export async function createPolicies() {
  const names = (await readdir(examples, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => new URL(`${name}/policy.yaml`, examples))
    .sort((a, b) => a.href.localeCompare(b.href))
  const texts = await Promise.all(names.map((url) => readFile(url).catch(() => undefined)))
  return [...texts.filter((text) => text !== undefined), Buffer.from(whole), toJson()]
}

const whole = `version: 1
roles:
  reader:
    tools:
      - search
      - name: deploy
        when: args.env in ["dev", "staging"]
      - { name: chart, ui: true }
    prompts: ['summary', incident-*]
    resources: ["file:///public/**", "https://acme.test/*/x", 'urn:exact']
    methods: [skills/list]
    deny:
      tools: [docs.purge, { name: search, when: "size(args.query) > 100" }]
      resources: [file:///public/private/**]
  admin:
    extends: [reader]
    tools: ["docs.*", { name: docs.write, scopes: [mcp:deploy] }]
    prompts: [{ name: release, scopes: [mcp:deploy, mcp:write] }]
assignments:
  - spiffe: [spiffe://acme.test/agents/reader, "spiffe://acme.test/ops/*"]
    authority: default
    roles: [reader]
  - dns: '*.ops.acme.test'
    roles: [reader, admin]
  - uri: https://acme.test/agents/one
    o: Acme
    ou: "agents"
    roles: [admin]
  - email: reader@acme.test
    issuer: CN=Acme
    roles: [reader]
  - cn: Acme
    roles: [reader]
  - thumbprint: ${'A'.repeat(43)}
    roles: [admin]
  - spiffe: spiffe://acme.test/agents/reader
    token: { issuer: https://as.acme.test, claims: { groups: [platform, ops], level: 2 } }
    challenge: tool-result
    roles: [admin]
  - token: { kind: client, client: alice }
    roles: [reader]
  - certificate: any
    authority: default
    token: any
    roles: [reader]
`

function toJson() {
  const policy = {
    version: 1,
    roles: { reader: { tools: ['search', { name: 'deploy' }], resources: ['file:///public/**'] } },
    assignments: [{ spiffe: 'spiffe://acme.test/agents/reader', roles: ['reader'] }],
  }
  return Buffer.from(JSON.stringify(policy, null, 2))
}

export const policyLines = [
  '  - roles: [reader]',
  '  - roles: [reader]\n    authority: []',
  '  - {}',
  '  - spiffe: []\n    roles: [reader]',
  '  - spiffe:\n    roles: [reader]',
  '    authority: default',
  '    token: any',
  '    token: { subject: alice }',
  '    token: { claims: { realm: { roles: platform } } }',
  '    token: {}',
  '    certificate: any',
  '    challenge: tool-result',
  '    extends: [reader, admin]',
  'assignments:',
  'roles:',
  'version: 1',
  'version: 1.0',
  '---',
  '...',
  '%YAML 1.1',
  '# comment',
  '&a',
  '<<: *a',
  '\t- x',
  '  __proto__: { tools: [search] }',
]

export const policyWords = [
  'spiffe', 'roles', 'reader', 'deny', 'extends', 'tools', 'authority', 'when', '"*"', "'**'", '*', '**',
  'null', '~', 'true', 'yes', '[]', '{}', '""', '- ', ': ', '&a', '*a', '!!str', '!!binary', '<<', '|',
  '>', '? ', '# ', '---\n', '__proto__', 'constructor', 'toString', '1', '0x1', '.inf', '2026-01-01',
  '"\\x2a"', '"\\u002a"', '"spiffe://acme.test/**"', 'spiffe://**', "'spiffe:///*'", 'args.x == 1', '(',
  'token', 'subject', 'claims', 'scopes', 'alice', 'platform', 'level', 'certificate', 'any', 'client', 'kind',
  'spiffe://acme.test/agents/*', '"https://*/x"', "'*.test'", '"*."', 'has(args.x)', '[', ']', '{', '}',
] // biome-ignore format: a list of words
