import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { runCommand } from './run-command.js'
import { temporaryDirectory } from './temporary-directory.js'

describe('mcp-mtls', () => {
  it('prints its version', async () => {
    const manifest = JSON.parse(
      await readFile(new URL('../package.json', import.meta.url), 'utf8'),
    ) as { readonly version: string }
    const result = await runCommand('.', ['--version'])
    expect(result).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' })
  })

  it.each([[[]], [['--help']]])('prints what there is, given %j', async (args) => {
    const { code, stdout } = await runCommand('.', args)
    expect(code).toBe(0)
    expect(stdout).toContain('certs')
  })

  it('says in the help of a command how long a certificate is valid', async () => {
    const { code, stdout } = await runCommand('.', ['certs', 'server', '--help'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/--days <days>\s+days until it expires \(default: 90\)/)
  })

  it.each([
    [['nothing']],
    [['certs']],
    [['certs', 'nothing']],
    [['certs', 'server']],
    [['certs', 'init', '--wrong']],
    [['certs', 'init', 'argument']],
    [['certs', 'init', '--days', '0']],
    [['certs', 'init', '--days', '1.5']],
    [['certs', 'init', '--days', '99999']],
  ])('ends with 2 where it does not understand %j', async (args) => {
    const { code, stdout, stderr } = await runCommand(await temporaryDirectory(), args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).not.toBe('')
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  it('is no module to import, and says which are', async () => {
    await expect(import('../src/index.js')).rejects.toThrow(
      /@mcp-mtls\/fastify or @mcp-mtls\/express/,
    )
  })
})
