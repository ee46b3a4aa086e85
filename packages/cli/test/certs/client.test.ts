import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand } from '../run-command.js'
import { temporaryDirectory } from '../temporary-directory.js'

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const READER = 'spiffe://acme.test/agents/reader'

async function withAuthority(): Promise<string> {
  const directory = await temporaryDirectory()
  await runCommand(directory, ['certs', 'init'])
  return directory
}

// For what is refused, and so leaves the directory as it was.
let shared: string
beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'mcp-mtls-cli-'))
  await runCommand(shared, ['certs', 'init'])
})
afterAll(() => rm(shared, { recursive: true, force: true }))

const readCertificate = async (directory: string, name: string) =>
  new X509Certificate(await readFile(join(directory, `certs/mcp/clients/${name}/client.crt`)))

describe('certs client', () => {
  it('writes a certificate with a SPIFFE ID, in a directory called by its end', async () => {
    const directory = await withAuthority()
    const { code, stdout } = await runCommand(directory, ['certs', 'client', '--spiffe', READER])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^wrote certs\/mcp\/clients\/reader\/client.crt\n/)
    expect(stdout).toContain('next: curl --cert certs/mcp/clients/reader/client.crt --key')
    const client = join(directory, 'certs/mcp/clients/reader')
    expect((await readdir(client)).sort()).toEqual(['ca.crt', 'client.crt', 'client.key'])
    expect((await stat(join(client, 'client.key'))).mode & 0o777).toBe(0o600)
    const certificate = await readCertificate(directory, 'reader')
    const authority = new X509Certificate(await readFile(join(client, 'ca.crt')))
    const key = createPrivateKey(await readFile(join(client, 'client.key')))
    expect(certificate.verify(authority.publicKey)).toBe(true)
    expect(certificate.checkPrivateKey(key)).toBe(true)
    expect(certificate.keyUsage).toEqual([CLIENT_AUTH])
    expect(certificate.subjectAltName).toBe(`URI:${READER}`)
  })

  it('takes every kind of name, repeated where a certificate may', async () => {
    const directory = await withAuthority()
    const uris = ['--uri', 'https://acme.test/a', '--uri', 'urn:acme:b']
    const dns = ['--dns', 'a.acme.test', '--dns', 'b.acme.test']
    const other = ['--email', 'a@acme.test', '--cn', 'Agent A']
    await runCommand(directory, ['certs', 'client', 'agent', ...uris, ...dns, ...other])
    const certificate = await readCertificate(directory, 'agent')
    expect(certificate.subject).toBe('CN=Agent A')
    expect(certificate.subjectAltName).toBe(
      'URI:https://acme.test/a, URI:urn:acme:b, DNS:a.acme.test, DNS:b.acme.test, email:a@acme.test',
    )
  })

  it.each([
    [['--uri', 'https://acme.test/Agents/Writer/'], 'writer'],
    [['--uri', 'urn:acme:writer'], 'writer'],
    [['--dns', 'agent.acme.test'], 'agent.acme.test'],
    [['--email', 'bob@acme.test'], 'bob'],
    [['--cn', 'Reader'], 'reader'],
    [['chosen', '--spiffe', READER], 'chosen'],
  ])('calls the directory of %j %s', async (args, name) => {
    const directory = await withAuthority()
    const { stdout } = await runCommand(directory, ['certs', 'client', '--json', ...args])
    expect(JSON.parse(stdout)).toMatchObject({
      command: 'certs client',
      directory: `certs/mcp/clients/${name}`,
      files: { key: `certs/mcp/clients/${name}/client.key` },
    })
    expect(await readdir(join(directory, 'certs/mcp/clients'))).toEqual([name])
  })

  it.each([
    ['no name at all', []],
    ['no name but that of the directory', ['reader']],
    ['a SPIFFE ID of another scheme', ['--spiffe', 'https://acme.test/a']],
    ['a SPIFFE ID with capitals in its trust domain', ['--spiffe', 'spiffe://Acme.test/a']],
    ['a SPIFFE ID with a dot segment', ['--spiffe', 'spiffe://acme.test/../a']],
    ['a SPIFFE ID with a slash at its end', ['--spiffe', 'spiffe://acme.test/a/']],
    ['a SPIFFE ID with a port', ['--spiffe', 'spiffe://acme.test:1/a']],
    ['a SPIFFE ID with a query', ['--spiffe', 'spiffe://acme.test/a?b']],
    ['a SPIFFE ID with a percent sign', ['--spiffe', 'spiffe://acme.test/%61']],
    ['a SPIFFE ID without a path', ['--spiffe', 'spiffe://acme.test']],
    ['an empty SPIFFE ID', ['--spiffe', '']],
    ['a SPIFFE ID and another URI', ['--spiffe', READER, '--uri', 'https://acme.test/']],
    ['a SPIFFE ID as a URI', ['--uri', READER]],
    ['a SPIFFE ID as a URI, in capitals', ['--uri', 'SPIFFE://acme.test/a']],
    ['a relative URI', ['--uri', 'agents/reader']],
    ['a URI with a line break', ['--uri', 'https://acme.test/\na']],
    ['a DNS wildcard', ['--dns', '*.acme.test']],
    ['an e-mail address without a domain', ['--email', 'reader']],
    ['an empty common name', ['--cn', '']],
    ['a common name with a control character', ['--cn', 'a\u0007b']],
    ['a common name with a direction mark', ['--cn', 'a\u202eb']],
    ['a directory outside the layout', ['../up', '--spiffe', READER]],
    ['a name that makes no directory', ['--cn', 'Agent A']],
  ])('refuses %s with one line', async (_what, args) => {
    const { code, stdout, stderr } = await runCommand(shared, ['certs', 'client', ...args])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^error: [^\n]+\n$/)
    expect(await readdir(join(shared, 'certs/mcp'))).toEqual(['ca'])
  })

  it('never overwrites', async () => {
    const directory = await withAuthority()
    await runCommand(directory, ['certs', 'client', '--spiffe', READER])
    const before = await readCertificate(directory, 'reader')
    const args = ['certs', 'client', '--spiffe', 'spiffe://acme.test/others/reader']
    const { code, stderr } = await runCommand(directory, args)
    expect(code).toBe(1)
    expect(stderr).toMatch(/certs\/mcp\/clients\/reader\/ca.crt exists and is not overwritten/)
    expect((await readCertificate(directory, 'reader')).raw).toEqual(before.raw)
  })
})
