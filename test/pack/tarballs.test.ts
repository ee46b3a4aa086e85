import { readFile } from 'node:fs/promises'
import { dirname, isAbsolute, join, normalize } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../e2e/programs.js'
import { createOutside, type Outside } from './install.js'
import { packAll, root, type Tarball, type Tarballs, toolBin } from './tarballs.js'

// What a package may depend on, and how large it may be: growth is a decision, made here.
const asn1 = ['@peculiar/asn1-schema', '@peculiar/asn1-x509']
const allowed: Readonly<Record<string, { kilobytes: number; dependencies: readonly string[] }>> = {
  '@mcp-mtls/authority': { kilobytes: 60, dependencies: ['@peculiar/x509', 'reflect-metadata'] },
  '@mcp-mtls/client': { kilobytes: 60, dependencies: ['undici'] },
  '@mcp-mtls/core': {
    kilobytes: 800,
    dependencies: [
      ...asn1,
      'eventsource-parser',
      'jose',
      'lru-cache',
      'structured-headers',
      'yaml',
      'zod',
    ],
  },
  '@mcp-mtls/express': { kilobytes: 60, dependencies: ['@mcp-mtls/core'] },
  '@mcp-mtls/fastify': { kilobytes: 60, dependencies: ['@mcp-mtls/core', 'fastify-plugin'] },
  'mcp-mtls': {
    kilobytes: 200,
    dependencies: ['@mcp-mtls/authority', '@mcp-mtls/core', 'commander'],
  },
}
const names = Object.keys(allowed)

let tarballs: Tarballs
let outside: Outside
beforeAll(async () => {
  tarballs = await packAll()
  outside = await createOutside()
  for (const { path } of tarballs.all) await unpack(path)
}, 60_000)
afterAll(async () => {
  await outside.remove()
  await tarballs.remove()
})

async function unpack(path: string): Promise<void> {
  const { name } = tarballs.all.find((one) => one.path === path)!
  const target = folderOf(name)
  const made = await run('mkdir', ['-p', target])
  const { code, stderr } = await run('tar', ['-xzf', path, '-C', target, '--strip-components=1'])
  if (made.code !== 0 || code !== 0) throw new Error(`tar ended with ${code}: ${stderr}`)
}

function folderOf(name: string): string {
  return join(outside.directory, name.replace('/', '+'))
}

function tarball(name: string): Tarball {
  const found = tarballs.all.find((one) => one.name === name)
  if (found === undefined) throw new Error(`${name} was not packed`)
  return found
}

function read(name: string, file: string): Promise<string> {
  return readFile(join(folderOf(name), file), 'utf8')
}

it('holds every package that is published, and no other', () => {
  expect(tarballs.all.map(({ name }) => name).sort()).toEqual(names.toSorted())
})

describe.each(names)('the tarball of %s', (name) => {
  it('holds dist and src, manifest, README and LICENSE, and nothing else', () => {
    const others = tarball(name).files.filter((path) => !/^(dist|src)\//.test(path))
    const schema = name === '@mcp-mtls/core' ? ['policy.schema.json'] : []
    expect(others.toSorted()).toEqual(['LICENSE', 'README.md', 'package.json', ...schema])
    expect(
      tarball(name).files.filter((path) => /test|\.spec\.|tsbuildinfo|\.env/.test(path)),
    ).toEqual([])
  })

  it('holds in dist what src compiles to, no more and no less', () => {
    const { files } = tarball(name)
    const expected = files
      .filter((path) => path.startsWith('src/'))
      .map((path) => path.replace(/^src\/(.*)\.ts$/, 'dist/$1'))
      .flatMap((base) => ['.js', '.js.map', '.d.ts', '.d.ts.map'].map((end) => `${base}${end}`))
    expect(files.filter((path) => path.startsWith('dist/')).toSorted()).toEqual(expected.toSorted())
  })

  it('has source maps that lead to its own src', async () => {
    const { files } = tarball(name)
    const maps = files.filter((path) => path.endsWith('.map'))
    expect(maps.length).toBeGreaterThan(0)
    for (const path of maps) {
      const map = JSON.parse(await read(name, path))
      expect(map.sourceRoot ?? '').toBe('')
      for (const source of map.sources) {
        expect(isAbsolute(source)).toBe(false)
        expect(files).toContain(normalize(join(dirname(path), source)))
      }
    }
  })

  it('names no path of the machine it was built on', async () => {
    for (const path of tarball(name).files) {
      const text = await read(name, path)
      expect(text.includes(root), path).toBe(false)
    }
  })

  it('has a manifest without workspace ranges, and the README of this package', async () => {
    const manifest = JSON.parse(await read(name, 'package.json'))
    const ranges = ['dependencies', 'peerDependencies', 'optionalDependencies'].flatMap((group) =>
      Object.values<string>(manifest[group] ?? {}),
    )
    expect(ranges.join(' ')).not.toMatch(/workspace:|catalog:|file:|link:/)
    expect(manifest).toMatchObject({
      name,
      license: 'Apache-2.0',
      type: 'module',
      engines: { node: '>=20.19' },
    })
    expect(manifest.scripts ?? {}).toEqual({})
    expect(await read(name, 'README.md')).toMatch(new RegExp(`^# ${name}\n`))
    expect(await read(name, 'LICENSE')).toBe(await readFile(join(root, 'LICENSE'), 'utf8'))
  })

  it('is small and depends on little', async () => {
    const { size } = tarball(name)
    const { dependencies = {} } = JSON.parse(await read(name, 'package.json'))
    const needed = Object.keys(dependencies)
    const line = `${name.padEnd(20)} ${(size / 1000).toFixed(1).padStart(6)} kB, ${needed.length} dependencies`
    process.stdout.write(`${line}: ${needed.join(', ')}\n`)
    expect(size / 1000).toBeLessThan(allowed[name]!.kilobytes)
    expect(allowed[name]!.dependencies).toEqual(expect.arrayContaining(needed))
  })

  it('passes publint --strict', async () => {
    const args = ['--strict', tarball(name).path]
    const { code, stdout, stderr } = await run(join(toolBin, 'publint'), args)
    expect(`${stdout}${stderr}`).toContain('All good!')
    expect(code).toBe(0)
  })

  it('passes attw with the profile of packages that are ESM only', async () => {
    const args = [tarball(name).path, '--profile', 'esm-only', '--format', 'json']
    const { code, stdout } = await run(join(toolBin, 'attw'), args)
    expect(code, stdout).toBe(0)
  })
})
