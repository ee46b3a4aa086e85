import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writeDirectory } from '../../src/certs/write-directory.js'
import { runCommand } from '../run-command.js'
import { temporaryDirectory } from '../temporary-directory.js'

const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)

describe('certs init', () => {
  it('writes an authority, its key and directory for the owner alone', async () => {
    const directory = await temporaryDirectory()
    const result = await runCommand(directory, ['certs', 'init'])
    expect(result).toMatchObject({ code: 0, stderr: '' })
    const ca = join(directory, 'certs/mcp/ca')
    expect((await readdir(ca)).sort()).toEqual(['ca.crt', 'ca.key'])
    expect(await mode(ca)).toBe('700')
    expect(await mode(join(ca, 'ca.key'))).toBe('600')
    expect(await mode(join(ca, 'ca.crt'))).toBe('644')
    const certificate = new X509Certificate(await readFile(join(ca, 'ca.crt')))
    expect(certificate.ca).toBe(true)
    expect(certificate.subject).toBe('CN=MCP CA')
    expect(certificate.checkPrivateKey(createPrivateKey(await readFile(join(ca, 'ca.key'))))).toBe(
      true,
    )
  })

  it('prints a line a file and the next command', async () => {
    const { stdout } = await runCommand(await temporaryDirectory(), ['certs', 'init'])
    const [first, second, third, next] = stdout.split('\n')
    expect([first, second]).toEqual(['wrote certs/mcp/ca/ca.crt', 'wrote certs/mcp/ca/ca.key'])
    expect(third).toMatch(/^valid until \d{4}-\d\d-\d\dT/)
    expect(next).toBe('next: mcp-mtls certs server my-server')
  })

  it('names npx in the next command where it was run by npx', async () => {
    const { stdout } = await runCommand(await temporaryDirectory(), ['certs', 'init'], 'exec')
    expect(stdout).toContain('\nnext: npx mcp-mtls certs server my-server\n')
  })

  it('prints one JSON object with --json', async () => {
    const args = ['certs', 'init', '--json', '--days', '10', '--dir', "it's here"]
    const { stdout } = await runCommand(await temporaryDirectory(), args)
    const report = JSON.parse(stdout) as { readonly notAfter: string }
    expect(report).toMatchObject({
      command: 'certs init',
      directory: "it's here/mcp/ca",
      files: { certificate: "it's here/mcp/ca/ca.crt", key: "it's here/mcp/ca/ca.key" },
      next: `mcp-mtls certs server my-server --dir 'it'\\''s here'`,
    })
    expect(Math.round((Date.parse(report.notAfter) - Date.now()) / 86_400_000)).toBe(10)
  })

  it('takes a name for the authority, and refuses one that is none', async () => {
    const directory = await temporaryDirectory()
    const bad = await runCommand(directory, ['certs', 'init', '--name', 'a\nb'])
    expect(bad.code).toBe(2)
    await runCommand(directory, ['certs', 'init', '--name', 'Acme, dev'])
    const pem = await readFile(join(directory, 'certs/mcp/ca/ca.crt'))
    expect(new X509Certificate(pem).subject).toBe('CN=Acme\\, dev')
  })

  it('never overwrites, and says what exists and what to do', async () => {
    const directory = await temporaryDirectory()
    await runCommand(directory, ['certs', 'init'])
    const before = await readFile(join(directory, 'certs/mcp/ca/ca.key'))
    const { code, stdout, stderr } = await runCommand(directory, ['certs', 'init'])
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^error: certs\/mcp\/ca\/ca.crt exists and is not overwritten; .*\n$/)
    expect(await readFile(join(directory, 'certs/mcp/ca/ca.key'))).toEqual(before)
  })

  it('never overwrites a lone key', async () => {
    const directory = await temporaryDirectory()
    await mkdir(join(directory, 'certs/mcp/ca'), { recursive: true })
    await writeFile(join(directory, 'certs/mcp/ca/ca.key'), 'mine')
    const { code, stderr } = await runCommand(directory, ['certs', 'init'])
    expect(code).toBe(1)
    expect(stderr).toContain('certs/mcp/ca/ca.key exists')
    expect(await readdir(join(directory, 'certs/mcp/ca'))).toEqual(['ca.key'])
    expect(await readFile(join(directory, 'certs/mcp/ca/ca.key'), 'utf8')).toBe('mine')
  })

  it('lets one of two at the same time win', async () => {
    const directory = await temporaryDirectory()
    const results = await Promise.all([1, 2].map(() => runCommand(directory, ['certs', 'init'])))
    expect(results.map(({ code }) => code).sort()).toEqual([0, 1])
    const ca = join(directory, 'certs/mcp/ca')
    const certificate = new X509Certificate(await readFile(join(ca, 'ca.crt')))
    expect(certificate.checkPrivateKey(createPrivateKey(await readFile(join(ca, 'ca.key'))))).toBe(
      true,
    )
    expect(await readdir(join(directory, 'certs/mcp'))).toEqual(['ca'])
  })

  it.each(['certs', 'certs/mcp', 'certs/mcp/ca'])(
    'ends with one line and leaves a file called %s as it is',
    async (path) => {
      const directory = await temporaryDirectory()
      await mkdir(join(directory, path, '..'), { recursive: true })
      await writeFile(join(directory, path), 'mine')
      const { code, stderr } = await runCommand(directory, ['certs', 'init'])
      expect(code).toBe(1)
      expect(stderr).toMatch(/^error: .*not a directory.*\n$/)
      expect(await readFile(join(directory, path), 'utf8')).toBe('mine')
    },
  )

  it('leaves nothing behind where the directory appears meanwhile', async () => {
    const target = join(await temporaryDirectory(), 'target')
    const late = {
      name: 'a',
      get text() {
        mkdirSync(join(target, 'taken'), { recursive: true })
        return 'text'
      },
    }
    await expect(writeDirectory(target, [late])).rejects.toThrow(/taken exists/)
    expect(await readdir(join(target, '..'))).toEqual(['target'])
    expect(await readdir(target)).toEqual(['taken'])
  })
})
