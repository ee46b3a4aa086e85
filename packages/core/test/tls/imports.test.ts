import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'

const specifiers = /^(?:import|export)\s(?!type\s)(?:[^'"`;]*?\sfrom\s)?['"]([^'"]+)['"]/gm

/** Every file and package that importing a source file loads. */
async function loadGraph(file: URL, seen = new Set<string>()): Promise<Set<string>> {
  if (seen.has(file.href)) return seen
  seen.add(file.href)
  const text = await readFile(file, 'utf8')
  for (const [, specifier = ''] of text.matchAll(specifiers)) {
    if (specifier.startsWith('.'))
      await loadGraph(new URL(specifier.replace(/\.js$/, '.ts'), file), seen)
    else seen.add(specifier)
  }
  return seen
}

it('the subpath tls loads Node, what reads DER and a bounded map: no jose, zod or yaml', async () => {
  const graph = await loadGraph(new URL('../../src/tls/index.ts', import.meta.url))
  const packages = [...graph].filter((entry) => !/^(file|node):/.test(entry))
  expect(packages.sort()).toEqual(['@peculiar/asn1-schema', '@peculiar/asn1-x509', 'lru-cache'])
  expect([...graph].some((entry) => entry.endsWith('/tls/tls-source.ts'))).toBe(true)
  expect([...graph].some((entry) => entry.endsWith('/errors.ts'))).toBe(true)
})

it('the subpath tls exports what it promises', async () => {
  const tls = await import('../../src/tls/index.js')
  expect(Object.keys(tls).sort()).toEqual([
    'ConfigurationError',
    'MtlsError',
    'TlsMaterialError',
    'fromContextForgeSettings',
    'openaiConnectors',
    'tlsFromFiles',
  ])
})
