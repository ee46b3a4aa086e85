import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand } from '../run-command.js'
import { temporaryDirectory } from '../temporary-directory.js'

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)

async function withAuthority(...args: readonly string[]): Promise<string> {
  const directory = await temporaryDirectory()
  await runCommand(directory, ['certs', 'init', ...args])
  return directory
}

// For what is refused, and so leaves the directory as it was.
let shared: string
beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'mcp-mtls-cli-'))
  await runCommand(shared, ['certs', 'init'])
})
afterAll(() => rm(shared, { recursive: true, force: true }))

describe('certs server', () => {
  it('writes certificate, key and a copy of the authority', async () => {
    const directory = await withAuthority()
    const { code, stdout } = await runCommand(directory, ['certs', 'server', 'files'])
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^wrote certs\/mcp\/plugins\/files\/server.crt\nwrote .*server.key\nwrote .*ca.crt\nvalid until .*\nnext: mcp-mtls certs client --spiffe .*\n$/,
    )
    const server = join(directory, 'certs/mcp/plugins/files')
    expect([await mode(server), await mode(join(server, 'server.key'))]).toEqual(['700', '600'])
    const certificate = new X509Certificate(await readFile(join(server, 'server.crt')))
    const authority = new X509Certificate(await readFile(join(server, 'ca.crt')))
    const key = createPrivateKey(await readFile(join(server, 'server.key')))
    expect(certificate.verify(authority.publicKey)).toBe(true)
    expect(certificate.checkPrivateKey(key)).toBe(true)
    expect(certificate.keyUsage).toEqual([SERVER_AUTH])
    expect(await readFile(join(server, 'ca.crt'))).toEqual(
      await readFile(join(directory, 'certs/mcp/ca/ca.crt')),
    )
  })

  it('is valid for its name, localhost and what is added, each once', async () => {
    const directory = await withAuthority()
    const args = ['--dns', 'mcp.acme.test', '--dns', 'localhost', '--dns', '*.acme.test']
    const ips = ['--ip', '10.0.0.7', '--ip', '127.0.0.1']
    await runCommand(directory, ['certs', 'server', 'files', ...args, ...ips])
    const pem = await readFile(join(directory, 'certs/mcp/plugins/files/server.crt'))
    const certificate = new X509Certificate(pem)
    expect(certificate.subject).toBe('CN=files')
    expect(certificate.subjectAltName).toBe(
      'DNS:files, DNS:mcp-plugin-files, DNS:localhost, DNS:mcp.acme.test, DNS:*.acme.test, ' +
        'IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, IP Address:10.0.0.7',
    )
  })

  it.each([
    '../up',
    '/etc/x',
    '.hidden',
    'Upper',
    'a/b',
    'a\\b',
    'a b',
    'a..b',
    'ends-',
    'ends.',
    'é',
    'x'.repeat(53),
  ])('refuses the name %s', async (name) => {
    const { code, stderr } = await runCommand(shared, ['certs', 'server', '--', name])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^error: .*\n$/)
    expect(await readdir(join(shared, 'certs/mcp'))).toEqual(['ca'])
  })

  it.each([
    ['--dns', 'a..b'],
    ['--dns', 'a b'],
    ['--dns', ''],
    ['--dns', 'a.*.test'],
    ['--dns', '-a.test'],
    ['--ip', 'localhost'],
    ['--ip', '1.2.3'],
    ['--ip', 'fe80::1%eth0'],
  ])('refuses %s %s', async (option, value) => {
    const { code, stderr } = await runCommand(shared, ['certs', 'server', 'a', option, value])
    expect(code).toBe(2)
    expect(stderr).toContain(`error: ${option} ${JSON.stringify(value)}`)
  })

  it('says how to make an authority where there is none', async () => {
    const args = ['certs', 'server', 'a', '--dir', 'other']
    const { code, stderr } = await runCommand(await temporaryDirectory(), args)
    expect(code).toBe(1)
    expect(stderr).toContain('other/mcp/ca/ca.crt; make one with: mcp-mtls certs init --dir other')
  })

  it('refuses an authority whose key is another one, and writes nothing', async () => {
    const [directory, other] = [await withAuthority(), await withAuthority()]
    const key = join(directory, 'certs/mcp/ca/ca.key')
    await writeFile(key, await readFile(join(other, 'certs/mcp/ca/ca.key')))
    const { code, stderr } = await runCommand(directory, ['certs', 'server', 'a'])
    expect(code).toBe(1)
    expect(stderr).toContain('the key is not the key of the CA certificate')
    expect(await readdir(join(directory, 'certs/mcp'))).toEqual(['ca'])
  })

  it('refuses to outlive the authority', async () => {
    const directory = await withAuthority('--days', '30')
    const late = await runCommand(directory, ['certs', 'server', 'a'])
    expect(late.code).toBe(1)
    expect(late.stderr).toMatch(/ends on .*; give fewer --days/)
    const early = await runCommand(directory, ['certs', 'server', 'a', '--days', '29'])
    expect(early.code).toBe(0)
  })

  it('never overwrites, also when only one file is left', async () => {
    const directory = await withAuthority()
    await runCommand(directory, ['certs', 'server', 'a'])
    const server = join(directory, 'certs/mcp/plugins/a')
    await rm(join(server, 'ca.crt'))
    await rm(join(server, 'server.crt'))
    const before = await readFile(join(server, 'server.key'))
    const { code, stderr } = await runCommand(directory, ['certs', 'server', 'a'])
    expect(code).toBe(1)
    expect(stderr).toContain('certs/mcp/plugins/a/server.key exists and is not overwritten')
    expect(await readdir(server)).toEqual(['server.key'])
    expect(await readFile(join(server, 'server.key'))).toEqual(before)
  })
})
