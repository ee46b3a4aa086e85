import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
} from 'yaml'
import { PolicyError, type PolicyIssue } from '../errors.js'
import type { PolicyInput } from './build-policy.js'
import { findJsonMistake } from './find-json-mistake.js'
import type { Locate, Position } from './policy-issue.js'

/** A broken file repeats itself; what comes after this many is noise. */
const maximumIssues = 20

/**
 * Parses the text of a policy file, YAML 1.2 core or JSON, and keeps where each value stands. Duplicate
 * keys, aliases, tags of other schemas and several documents are refused: each lets two readers see two
 * policies. JSON has to satisfy both parsers.
 *
 * @throws {PolicyError}
 */
export function parsePolicyDocument(
  source: string,
  text: string,
  format: 'yaml' | 'json',
): PolicyInput {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    schema: 'core',
    stringKeys: true,
    uniqueKeys: true,
    version: '1.2',
  })
  const positionOf = (offset: number): Position => toPosition(lines, offset)
  const issues = findSyntaxIssues(document, positionOf)
  if (issues.length > 0) throw new PolicyError(source, issues)
  const value: unknown = format === 'json' ? parseJson(source, text, positionOf) : document.toJS()
  return { source, value, locate: (path, at) => positionOf(findOffset(document, path, at)) }
}

function findSyntaxIssues(
  document: Document.Parsed,
  positionOf: (offset: number) => Position,
): readonly PolicyIssue[] {
  const syntax = [...document.errors, ...document.warnings].map(({ message, pos }) => ({
    path: '',
    message,
    ...positionOf(pos[0]),
  }))
  const aliases: PolicyIssue[] = []
  visit(document, {
    Alias: (_key, node) => {
      const message = 'aliases are not read: write the value out, or let a role extend another'
      aliases.push({ path: '', message, ...positionOf(node.range?.[0] ?? 0) })
    },
  })
  return [...syntax, ...aliases].slice(0, maximumIssues)
}

function parseJson(
  source: string,
  text: string,
  positionOf: (offset: number) => Position,
): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const offset = findJsonMistake(text)
    const issue = { path: '', message: describeMistake(text, offset), ...positionOf(offset) }
    throw refusal(source, issue, error)
  }
}

function refusal(source: string, issue: PolicyIssue, cause: unknown): PolicyError {
  return new PolicyError(source, [issue], { cause })
}

// What JSON.parse says differs between versions of Node, and repeats the text.
function describeMistake(text: string, offset: number): string {
  return offset === text.length
    ? 'is no JSON: it ends too early'
    : 'is no JSON, though it is YAML: write it as JSON from here, or name the file .yaml'
}

// Where a path leads nowhere, as for a key that is missing, the nearest value around it is shown.
function findOffset(
  document: Document.Parsed,
  path: Parameters<Locate>[0],
  at: 'key' | 'value',
): number {
  let node: unknown = document.contents
  let offset = startOf(node) ?? 0
  for (const [depth, key] of path.entries()) {
    const child = findChild(node, key)
    const target = at === 'key' && depth === path.length - 1 ? child.key : child.value
    node = child.value
    offset = startOf(target) ?? startOf(child.key) ?? offset
  }
  return offset
}

function findChild(
  node: unknown,
  key: PropertyKey,
): { readonly key?: unknown; readonly value?: unknown } {
  if (isSeq(node)) return { value: node.items[Number(key)] }
  if (!isMap(node)) return {}
  return node.items.find((pair) => String(pair.key) === key) ?? {}
}

function startOf(node: unknown): number | undefined {
  return isNode(node) && !isAlias(node) ? node.range?.[0] : undefined
}

function toPosition(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(1, line), column: Math.max(1, col) }
}
