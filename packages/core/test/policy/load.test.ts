import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PolicyError } from '../../src/errors.js'
import { checkAuthorities } from '../../src/policy/check-authorities.js'
import { decide } from '../../src/policy/decide.js'
import { loadPolicy } from '../../src/policy/load.js'
import { holderOf, tool } from './peer.js'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'policy-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function write(text: string | Uint8Array, name = 'policy.yaml'): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

/** Every line of the error, without the folder. */
async function problemsOf(
  text: string | Uint8Array,
  name = 'policy.yaml',
): Promise<readonly string[]> {
  return problemsOfFile(await write(text, name))
}

async function problemsOfFile(path: string | URL): Promise<readonly string[]> {
  const error: unknown = await loadPolicy(path).catch((thrown: unknown) => thrown)
  if (!(error instanceof PolicyError)) throw new Error('the policy was accepted')
  return error.message.replaceAll(`${folder}/`, '').split('\n')
}

const example = `version: 1
roles:
  reader:
    tools: [search, docs.*]
    prompts: ['*']
    resources: ['file:///public/**']
  operator:
    extends: [reader]
    tools:
      - status
      - name: deploy
    deny:
      tools: [docs.purge]
assignments:
  - spiffe: spiffe://acme.test/ns/agents/**
    roles: [reader]
  - authority: openai
    dns: mtls.prod.connectors.openai.com
    roles: [reader]
`

describe('loadPolicy', () => {
  it('D35 an empty policy loads and denies everything', async () => {
    const policy = await loadPolicy(await write('version: 1\n'))
    expect(policy.roles).toEqual([])
    expect(decide(policy, holderOf('reader'), tool('search')).effect).toBe('deny')
  })

  it('reads YAML by path and by URL', async () => {
    const path = await write(example)
    for (const source of [path, pathToFileURL(path)]) {
      const policy = await loadPolicy(source)
      expect(policy).toEqual({
        source: path,
        roles: ['reader', 'operator'],
        assignments: 2,
        usesCommonNames: false,
        warnings: [],
      })
      expect(decide(policy, holderOf('operator'), tool('deploy'))).toEqual({
        effect: 'allow',
        rule: 'roles.operator.tools[1]',
      })
    }
  })

  it('reads JSON, indented with tabs', async () => {
    const value = { version: 1, roles: { 'a-b': { tools: ['x/y', '\u{1f600}'] } } }
    const policy = await loadPolicy(await write(JSON.stringify(value, null, '\t'), 'policy.json'))
    expect(decide(policy, holderOf('a-b'), tool('\u{1f600}')).effect).toBe('allow')
  })

  it('tells every issue at once, with its line and column and what to write instead', async () => {
    const text = `version: 2
roles:
  reader:
    tool: [search]
    tools: []
    prompts: search
  2fast: {}
  __proto__: {}
  a:
    extends: [b, reeder]
  b:
    extends: [a]
    tools:
      - 'a**'
      - 5
      - name: x
        wen: args.y
      - nme: x
      - { name: x, ui: yes }
    methods:
      - tasks/get
      - skills/*
    resources: [public/**]
    deny:
      tolls: [x]
      methods: [Tools/Call, skills]
  c:
assignments:
  - spiffe: acme.test/x
    roles: [reader]
  - roles: [a]
  - issuer: CN=x
    roles: []
  - dns: [a.test, '*']
    tokens: any
  - thumbprint: ${'AB:'.repeat(31)}AB
    email: '*@acme.test'
    roles: [admin]
    uri: SPIFFE://a/b
methods: [x]
`
    expect(await problemsOf(text)).toEqual([
      'policy.yaml:1:10: version: must be the number 1: begin the policy with "version: 1"',
      'policy.yaml:4:5: roles.reader.tool: unknown key, did you mean "tools"?',
      'policy.yaml:5:12: roles.reader.tools: is an empty list: add an entry, or remove the key',
      'policy.yaml:6:14: roles.reader.prompts: has the wrong type, must be a list',
      'policy.yaml:7:3: roles["2fast"]: is no name for a role: write a letter, then letters, digits, "_" or "-" (and not "constructor")',
      'policy.yaml:8:3: roles.__proto__: is no name for a role: write a letter, then letters, digits, "_" or "-" (and not "constructor")',
      'policy.yaml:10:18: roles.a.extends[1]: unknown role "reeder", did you mean "reader"?',
      'policy.yaml:12:15: roles.b.extends[0]: roles extend each other in a circle, a → b → a: remove one of them',
      'policy.yaml:14:9: roles.b.tools[0]: has "**": one "*" is already any run of characters, write "a*"',
      'policy.yaml:15:9: roles.b.tools[1]: has the wrong type, must be text (put it in quotes) or a mapping with the key "name"',
      'policy.yaml:17:9: roles.b.tools[2].wen: unknown key, did you mean "when"?',
      'policy.yaml:18:9: roles.b.tools[3].name: is missing, must be text (put it in quotes)',
      'policy.yaml:18:9: roles.b.tools[3].nme: unknown key, did you mean "name"?',
      'policy.yaml:19:24: roles.b.tools[4].ui: must be true, or left out: remove the key',
      'policy.yaml:21:9: roles.b.methods[0]: "tasks/get" is governed by who owns the task, which no role changes: remove it',
      'policy.yaml:22:9: roles.b.methods[1]: "skills/*" has a wildcard, but methods are compared exactly: write each name',
      'policy.yaml:23:17: roles.b.resources[0]: "public/**" is no URI: write it with its scheme, such as "file:///public/**"',
      'policy.yaml:25:7: roles.b.deny.tolls: unknown key, did you mean "tools"?',
      'policy.yaml:26:17: roles.b.deny.methods[0]: "Tools/Call" is governed by "tools": write the names of the tools there',
      'policy.yaml:27:5: roles.c: is empty, must be a mapping',
      'policy.yaml:29:13: assignments[0].spiffe: "acme.test/x" is no SPIFFE ID: write "spiffe://trust-domain/path", other URIs under "uri"',
      'policy.yaml:31:5: assignments[1]: names neither a certificate nor a token: add one of authority, spiffe, uri, dns, email, cn, ou, o, thumbprint, certificate, token',
      'policy.yaml:32:5: assignments[2]: has only "issuer", which narrows: add one of authority, spiffe, uri, dns, email, cn, ou, o, thumbprint, certificate, token',
      'policy.yaml:33:12: assignments[2].roles: is an empty list: add an entry, or remove the key',
      'policy.yaml:34:5: assignments[3].roles: is missing, must be a list',
      'policy.yaml:34:19: assignments[3].dns[1]: "*" has a wildcard that is not the whole first label: write "*.example.com" or the exact name',
      'policy.yaml:35:5: assignments[3].tokens: unknown key, did you mean "token"?',
      'policy.yaml:36:17: assignments[4].thumbprint: is no SHA-256 thumbprint in base64url: write "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s"',
      'policy.yaml:37:12: assignments[4].email: "*@acme.test" has a wildcard, but email is compared exactly: write each value in a list',
      'policy.yaml:38:13: assignments[4].roles[0]: unknown role "admin", known: reader, 2fast, __proto__, a, b, c',
      'policy.yaml:39:10: assignments[4].uri: "SPIFFE://a/b" is a SPIFFE ID: write it under "spiffe"',
      'policy.yaml:40:1: methods: unknown key, known here: version, roles, assignments',
    ])
  })

  it.each([
    [
      'spiffe://*/a',
      '"spiffe://*/a" has a wildcard in its trust domain, which is literal: write one pattern for each trust domain',
    ],
    [
      'spiffe://a.test',
      '"spiffe://a.test" names no workload: write "spiffe://a.test/**" for every workload of the trust domain',
    ],
    [
      'spiffe://a.test/x*',
      'has a wildcard inside the segment "x*": "*" is a whole segment, write "/*" or a final "/**"',
    ],
    [
      'spiffe://A.test/x',
      '"spiffe://A.test/x" can never match: SPIFFE ID has a trust domain with characters other than a-z, 0-9, ".", "-" and "_"',
    ],
    [
      'spiffe://a.test/x/',
      '"spiffe://a.test/x/" can never match: SPIFFE ID has an empty path segment or ends with a slash',
    ],
  ])('B03 refuses the SPIFFE pattern %s', async (pattern, message) => {
    const text = `version: 1\nroles: { r: {} }\nassignments:\n  - spiffe: ${pattern}\n    roles: [r]\n`
    expect(await problemsOf(text)).toEqual([`policy.yaml:4:13: assignments[0].spiffe: ${message}`])
  })

  it.each([
    ['scopes', 'roles: { r: { deny: { tools: [{ name: x, scopes: [a] }] } } }'],
    ['scope', 'roles: { r: { tools: [{ name: x, scope: [a] }] } }'],
    ['ui', 'roles: { r: { deny: { tools: [{ name: x, ui: true }] } } }'],
    ['method', 'roles: { r: { method: [skills/list] } }'],
    ['sub', 'roles: { r: {} }\nassignments: [{ dns: a, token: { sub: a }, roles: [r] }]'],
  ])('D35 %s is an unknown key', async (key, text) => {
    const problems = await problemsOf(`version: 1\n${text}\n`)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(new RegExp(`\\.${key}: unknown key`))
  })

  it.each([
    ['', 'policy.yaml:1:1: is empty, must be a mapping'],
    ['# nothing\n', 'policy.yaml:1:1: is empty, must be a mapping'],
    [
      'roles: {}\n',
      'policy.yaml:1:1: version: must be the number 1: begin the policy with "version: 1"',
    ],
    [
      'version: "1"\n',
      'policy.yaml:1:10: version: must be the number 1: begin the policy with "version: 1"',
    ],
    [
      'version: 1\nassignments: []\n',
      'policy.yaml:2:14: assignments: is an empty list: add an entry, or remove the key',
    ],
    ['version: 1\nversion: 1\n', 'policy.yaml:2:1: Map keys must be unique'],
    ['version: 1\nroles: { a: {}, "a": {} }\n', 'policy.yaml:2:17: Map keys must be unique'],
    [
      'version: 1\nroles: &r {}\nassignments: *r\n',
      'policy.yaml:3:14: aliases are not read: write the value out, or let a role extend another',
    ],
    [
      'version: 1\nroles: { r: {} }\nassignments: [{ dns: "*.", roles: [r] }]\n',
      'policy.yaml:3:22: assignments[0].dns: "*." has a wildcard that is not the whole first label: write "*.example.com" or the exact name',
    ],
    [
      'version: 1\nroles:\n  ? [a]\n  : {}\n',
      'policy.yaml:3:5: With stringKeys, all keys must be strings',
    ],
    ['version: 1\nroles: !x {}\n', 'policy.yaml:2:8: Unresolved tag: !x'],
    [
      'version: 1\nroles:\n  "*": {}\n',
      'policy.yaml:3:3: roles["*"]: is no name for a role: write a letter, then letters, digits, "_" or "-" (and not "constructor")',
    ],
    [
      'version: 1\nroles:\n  constructor: {}\n',
      'policy.yaml:3:3: roles.constructor: is no name for a role: write a letter, then letters, digits, "_" or "-" (and not "constructor")',
    ],
    [
      'version: 1\n__proto__: {}\n',
      'policy.yaml:2:1: __proto__: unknown key, known here: version, roles, assignments',
    ],
    [
      '%YAML 1.1\n---\nversion: 1\n<<: { roles: {} }\n',
      'policy.yaml:4:1: ["<<"]: unknown key, known here: version, roles, assignments',
    ],
  ])('D35 refuses %j', async (text, message) => {
    expect(await problemsOf(text)).toEqual([message])
  })

  it('D35 refuses a second document', async () => {
    expect(await problemsOf('version: 1\n---\nversion: 1\n')).toHaveLength(1)
  })

  it('finds every circle of roles, also of one that extends itself', async () => {
    const text = `version: 1
roles:
  a: { extends: [a] }
  b: { extends: [c] }
  c: { extends: [d] }
  d: { extends: [b] }
  e: { extends: [b] }
`
    expect(await problemsOf(text)).toEqual([
      'policy.yaml:3:18: roles.a.extends[0]: roles extend each other in a circle, a → a: remove one of them',
      'policy.yaml:6:18: roles.d.extends[0]: roles extend each other in a circle, b → c → d → b: remove one of them',
    ])
  })

  it('gives positions in JSON as well', async () => {
    const text = '{\n  "version": 1,\n  "roles": {\n    "r": { "tools": ["a", 7] }\n  }\n}'
    expect(await problemsOf(text, 'policy.json')).toEqual([
      'policy.json:4:27: roles.r.tools[1]: has the wrong type, must be text (put it in quotes) or a mapping with the key "name"',
    ])
  })

  it.each([
    ['YAML that is no JSON', 'version: 1\n', /^policy\.json:1:1: is no JSON, though it is YAML: /],
    ['a trailing comma', '{"version": 1,}', /^policy\.json:1:15: is no JSON, though/],
    ['a comment', '{"version": 1 # one\n}', /^policy\.json:1:15: is no JSON, though/],
    [
      'a text in single quotes',
      '{\n "version": 1,\n \'roles\': {}}',
      /^policy\.json:3:2: is no JSON/,
    ],
    ['a text without quotes', '{"version": 1, "roles": { "r": { "tools": [a] } }}', /:1:44: is no/],
    ['a number of YAML', '{"version": 0x1}', /^policy\.json:1:13: is no JSON, though it is YAML/],
    ['a key without a value', '{"version": 1, "roles"}', /^policy\.json:1:23: is no JSON, though/],
    ['nothing', '\n', /^policy\.json:2:1: is no JSON: it ends too early/],
    [
      'a duplicate key behind an escape',
      '{"version": 1, "\\u0076ersion": 1}',
      /^policy\.json:1:16: Map keys must be unique$/,
    ],
  ])('D35 refuses JSON with %s', async (_, text, message) => {
    expect((await problemsOf(text, 'policy.json'))[0]).toMatch(message)
  })

  it('tells at most twenty errors of a file that is not YAML at all', async () => {
    expect((await problemsOf('['.repeat(5000))).length).toBeLessThanOrEqual(20)
  })

  it('says what to do about a missing file', async () => {
    const [problem] = await problemsOfFile(join(folder, 'missing.yaml'))
    expect(problem).toMatch(
      /^missing\.yaml: no such file, looked for from .*: give its path, or create it with "version: 1", roles and assignments$/,
    )
  })

  it('refuses other extensions, folders, other URLs, other encodings and huge files', async () => {
    const format = 'name the policy file .yaml, .yml or .json, so that its format is known'
    expect(await problemsOf('version: 1', 'policy.toml')).toEqual([`policy.toml: ${format}`])
    await mkdir(join(folder, 'folder.yaml'))
    expect(await problemsOfFile(join(folder, 'folder.yaml'))).toEqual([
      'folder.yaml: is not a file: give the path of the policy itself',
    ])
    expect(await problemsOfFile(new URL('https://x.test/policy.yaml'))).toEqual([
      'https://x.test/policy.yaml: is no file: URL; download the policy and give its path',
    ])
    expect(await problemsOf(Uint8Array.of(0x76, 0xff, 0xfe))).toEqual([
      'policy.yaml: is not UTF-8: save the file in that encoding',
    ])
    const huge = await write('', 'huge.yaml')
    await truncate(huge, 33 * 1024 * 1024)
    expect(await problemsOfFile(huge)).toEqual([
      'huge.yaml: is larger than 33554432 bytes: use patterns instead of single names',
    ])
  })

  it('keeps positions for what only shows at the start of a server', async () => {
    const policy = await loadPolicy(await write(example))
    expect(() =>
      checkAuthorities(policy, [{ name: 'default', trustDomains: [] }], ['dns']),
    ).toThrow(
      `${folder}/policy.yaml:17:5: assignments[1]: unknown authority "openai" (known: "default")`,
    )
  })
})
