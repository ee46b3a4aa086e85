import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

// TypeScript 7 has no API to ask, and emitted declarations are regular enough to be read as text.

const block =
  /^(?:export )?(?:default )?(?:declare )?(?:abstract )?(?:interface|class|namespace|enum|module|global)\b/
const augmentation = /^declare (?:module '[^']+'|global) \{/
const declaration =
  /^(?:export )?(?:default )?(?:declare )?(?:abstract )?(interface|class|type|enum|function|const|let|var|namespace) ([\w$]+)/
const listed = /^(export|import)(?: type)?(?: ([\w$]+),?)? *(?:\{([^}]*)\})?(?: from '([^']+)')?;$/s

/**
 * What an entry's declarations export, each as it was emitted without comments, sorted by name; and what
 * these mention without its being exported.
 */
export function collectApi(entry) {
  const files = new Map()
  const open = (path) => {
    if (!files.has(path)) files.set(path, readDeclarations(path))
    return files.get(path)
  }
  const exported = [...open(entry).exports].map(([name, target]) => ({
    name,
    ...resolveName(open, entry, target),
  }))
  const augmenting = [...files].flatMap(([path, { augmentations }]) =>
    augmentations.map((text) => ({
      name: text.split(' {')[0],
      local: text.split(' {')[0],
      path,
      text,
    })),
  )
  const told = [...exported, ...augmenting]
  return { exported: write(told), reached: write(findReached(open, told)) }
}

function findReached(open, told) {
  const known = new Set(told.map(keyOf))
  const reached = []
  for (const queue = [...told]; queue.length > 0; ) {
    const found = mentionsOf(open, queue.shift()).filter((one) => !known.has(keyOf(one)))
    for (const one of found) known.add(keyOf(one))
    reached.push(...found)
    queue.push(...found)
  }
  return reached
}

function write(declarations) {
  return declarations
    .map((one) => ({ name: one.name, text: textOf(one) }))
    .sort((a, b) => compare(a.name, b.name) || compare(a.text, b.text))
    .map(({ text }) => text)
}

function textOf({ name, text, local, from, kind }) {
  if (from !== undefined) return `${kind} { ${alias(local, name)} } from '${from}';`
  return local === name ? text : `export { ${alias(local, name)} };`
}

function alias(local, name) {
  return local === name ? name : `${local} as ${name}`
}

function compare(a, b) {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function keyOf({ path, local, from, name }) {
  return from === undefined ? `${path}#${local}#${name}` : `${from}#${local}#${name}`
}

/** Follows a name to the file that declares it; names of other packages stay with them. */
function resolveName(open, path, { local, from, kind }) {
  if (from !== undefined && !from.startsWith('.')) return { local, from, kind }
  if (from !== undefined) {
    const target = resolve(dirname(path), from.replace(/\.js$/, '.d.ts'))
    return resolveName(open, target, open(target).exports.get(local))
  }
  const file = open(path)
  const text = file.declared.get(local)
  return text === undefined
    ? resolveName(open, path, file.imports.get(local))
    : { path, local, text }
}

/** Types of this package that a declaration speaks of. */
function mentionsOf(open, { path, text }) {
  if (text === undefined) return []
  const { declared, imports } = open(path)
  const words = new Set(text.replaceAll(/'[^']*'/g, '').match(/[A-Za-z_$][\w$]*/g))
  return [...words].flatMap((word) => {
    if (declared.has(word)) {
      // A value is mentioned where its type is asked for; elsewhere the word is the name of a member.
      const isValue = /^(?:function|const|let|var)$/.test(declaration.exec(declared.get(word))[1])
      const isMeant =
        !isValue || new RegExp(`(?:typeof |\\[)${word.replaceAll('$', '\\$')}\\b`).test(text)
      return isMeant ? [{ name: word, ...resolveName(open, path, { local: word }) }] : []
    }
    const target = imports.get(word)
    if (!target?.from.startsWith('.')) return []
    const found = resolveName(open, path, target)
    return found.text === undefined ? [] : [{ name: found.local, ...found }]
  })
}

function readDeclarations(path) {
  const file = { declared: new Map(), imports: new Map(), exports: new Map(), augmentations: [] }
  for (const statement of splitStatements(withoutComments(readFileSync(path, 'utf8')))) {
    const [, , name] = declaration.exec(statement) ?? []
    if (augmentation.test(statement)) file.augmentations.push(statement)
    else if (name === undefined) readList(file, statement, path)
    else addDeclaration(file, name, statement)
  }
  return file
}

/** Overloads of a function are declared one by one. */
function addDeclaration(file, name, statement) {
  const before = file.declared.get(name)
  file.declared.set(name, before === undefined ? statement : `${before}\n${statement}`)
  if (statement.startsWith('export ')) file.exports.set(name, { local: name })
}

function readList(file, statement, path) {
  const [, kind, alone, names = '', from] = listed.exec(statement) ?? []
  if (kind === undefined) throw new Error(`${path}: cannot be read: ${statement}`)
  const target = kind === 'import' ? file.imports : file.exports
  if (alone !== undefined) target.set(alone, { local: 'default', from })
  const areTypes = /^\w+ type /.test(statement)
  for (const part of names.split(',').filter((text) => text.trim() !== '')) {
    const [, type, local, name = local] = /^\s*(type )?(\S+)(?: as (\S+))?/.exec(part)
    const exportKind = areTypes || type !== undefined ? 'export type' : 'export'
    target.set(name, { local, from, kind: exportKind })
  }
}

function withoutComments(text) {
  return text
    .replaceAll(/('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`[^`]*`)|\/\*.*?\*\/|\/\/[^\n]*/gs, '$1')
    .replaceAll(/[ \t]+$/gm, '')
    .replaceAll(/^\n/gm, '')
}

/** Statements end with `;`, or with the brace of a block, outside of all brackets. */
function splitStatements(text) {
  const statements = []
  let depth = 0
  let start = 0
  for (const { 0: found, index } of text.matchAll(/'[^']*'|"[^"]*"|`[^`]*`|[{}()[\];]/g)) {
    depth += steps[found] ?? 0
    const statement = text.slice(start, index + found.length).trim()
    if (depth > 0 || !endsWith(statement, found)) continue
    statements.push(statement)
    start = index + found.length
  }
  return statements.filter((statement) => statement !== ';')
}

const steps = { '{': 1, '(': 1, '[': 1, '}': -1, ')': -1, ']': -1 }

function endsWith(statement, found) {
  return found === ';' || (found === '}' && block.test(statement))
}
