import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Run, run } from '../e2e/programs.js'
import { createOutside, npmInstall, type Outside } from './install.js'
import { packAll, type Tarballs, toolBin } from './tarballs.js'

// What the README and the guides tell people to import.
const names: Readonly<Record<string, readonly string[]>> = {
  '@mcp-mtls/authority': ['createCertificateAuthority', 'openCertificateAuthority'],
  '@mcp-mtls/client': ['MtlsClientError', 'mtlsFetch'],
  '@mcp-mtls/core': [
    'MtlsError',
    'createGuard',
    'decide',
    'definePolicy',
    'loadPolicy',
    'permits',
    'principalOf',
    'readPeerCertificate',
    'tlsFromFiles',
  ],
  '@mcp-mtls/core/tls': ['MtlsError', 'tlsFromFiles'],
  '@mcp-mtls/express': ['MtlsError', 'definePolicy', 'mcpMtls', 'principalOf', 'tlsFromFiles'],
  '@mcp-mtls/fastify': [
    'MtlsError',
    'default',
    'definePolicy',
    'mcpMtls',
    'principalOf',
    'tlsFromFiles',
  ],
}
const modules = Object.keys(names)

let tarballs: Tarballs
let outside: Outside

beforeAll(async () => {
  tarballs = await packAll()
  outside = await createOutside()
  await cp(fileURLToPath(new URL('consumer', import.meta.url)), outside.directory, {
    recursive: true,
  })
  await nameTarballs(join(outside.directory, 'package.json'))
  await npmInstall(outside.directory)
}, 120_000)

afterAll(async () => {
  await outside.remove()
  await tarballs.remove()
})

/** Puts the tarballs' paths in place of our own packages' versions. */
async function nameTarballs(file: string): Promise<void> {
  const manifest = JSON.parse(await readFile(file, 'utf8'))
  for (const { name, path } of tarballs.all) manifest.dependencies[name] = `file:${path}`
  await writeFile(file, JSON.stringify(manifest, null, 2))
}

function node(...args: readonly string[]): Promise<Run> {
  return run(process.execPath, ['--no-warnings', ...args], { cwd: outside.directory })
}

describe('an application that installed the tarballs', () => {
  it.each(modules)('imports the names of %s, and requires the same', async (module) => {
    const imported = await node('imports.mjs', module)
    expect(imported.stderr).toBe('')
    expect(JSON.parse(imported.stdout)[module]).toEqual(expect.arrayContaining([...names[module]!]))
    expect(await node('requires.cjs', module)).toEqual(imported)
  })

  it('is told which package to import where it imports the command', async () => {
    for (const program of ['imports.mjs', 'requires.cjs']) {
      const { code, stderr } = await node(program, 'mcp-mtls')
      expect(code).not.toBe(0)
      expect(stderr).toMatch(/import @mcp-mtls\/fastify or @mcp-mtls\/express/)
    }
  })

  it('reaches no file that is not exported', async () => {
    const { code, stderr } = await node('imports.mjs', '@mcp-mtls/core/dist/policy/decide.js')
    expect(code).not.toBe(0)
    expect(stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED')
  })

  it('loads neither zod nor yaml with @mcp-mtls/core/tls, but with the whole', async () => {
    const whole = await node('loaded-scripts.mjs', '@mcp-mtls/core')
    expect(JSON.parse(whole.stdout)).toEqual(expect.arrayContaining(['yaml', 'zod']))
    const part = await node('loaded-scripts.mjs', '@mcp-mtls/core/tls')
    const loaded: readonly string[] = JSON.parse(part.stdout)
    expect(loaded).toContain('@mcp-mtls/core')
    expect(loaded).not.toContain('zod')
    expect(loaded).not.toContain('yaml')
  })

  it('issues, guards and calls with what it installed', async () => {
    const { code, stdout, stderr } = await node('round-trip.mjs')
    expect(stdout, stderr).toBe('allowed and denied')
    expect(code).toBe(0)
    expect(stderr).not.toMatch(/"level":"(warn|error)"/)
  })

  it('finds the command', async () => {
    const bin = join(outside.directory, 'node_modules', '.bin', 'mcp-mtls')
    const { code, stdout } = await run(bin, ['--help'], { cwd: outside.directory })
    expect(code).toBe(0)
    expect(stdout).toContain('certs')
  })
})

describe('a TypeScript application, declarations of libraries checked too', () => {
  it.each(['nodenext', 'bundler'])(
    'compiles with moduleResolution %s, and its mistakes do not',
    async (resolution) => {
      const args = ['-p', `tsconfig.${resolution}.json`, '--pretty', 'false']
      const { code, stdout } = await run(join(toolBin, 'tsc'), args, { cwd: outside.directory })
      expect(stdout).toBe('')
      expect(code).toBe(0)
    },
    120_000,
  )
})
