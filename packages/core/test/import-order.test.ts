import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const src = fileURLToPath(new URL('../src', import.meta.url))

/** What each part of core may import besides itself. Parts that stand in one line never import each other. */
const order: readonly (readonly string[])[] = [
  ['errors.ts', 'closest-name.ts'],
  ['identity', 'mcp', 'watch'],
  ['oauth', 'tls', 'http'],
  ['policy'],
  ['audit'],
  ['guard'],
  ['index.ts'],
]

const importOf =
  /(?:import|export)[^'";]*?from '(?<specifier>\.[^']+)'|import\('(?<dynamic>\.[^']+)'\)/g

function partOf(file: string): string {
  return relative(src, file).split('/')[0] ?? ''
}

function rankOf(part: string): number {
  return order.findIndex((parts) => parts.includes(part))
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(src, name))

const edges = files.flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(importOf)].map(({ groups }) => ({
    from: relative(src, file),
    to: relative(src, join(dirname(file), groups?.['specifier'] ?? groups?.['dynamic'] ?? '')),
    fromPart: partOf(file),
    toPart: partOf(
      join(
        dirname(file),
        (groups?.['specifier'] ?? groups?.['dynamic'] ?? '').replace(/\.js$/, '.ts'),
      ),
    ),
  })),
)

describe('the order of imports in core', () => {
  it('knows every part', () => {
    expect([...new Set(files.map(partOf))].filter((part) => rankOf(part) === -1)).toEqual([])
  })

  it('is found in the sources', () => {
    expect(edges.length).toBeGreaterThan(100)
  })

  it('runs one way only', () => {
    const wrong = edges.filter(
      ({ fromPart, toPart }) => fromPart !== toPart && rankOf(toPart) >= rankOf(fromPart),
    )
    expect(wrong).toEqual([])
  })

  it('lets only http, identity and the guard touch sockets, requests and responses', () => {
    const touching = files.filter((file) =>
      /\bfrom 'node:(http|https|http2|net|tls)'/.test(readFileSync(file, 'utf8')),
    )
    expect([...new Set(touching.map(partOf))].sort()).toEqual(['guard', 'http', 'tls'])
  })
})
