import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { collectApi } from './declarations.js'
import { root } from './workspace.js'

const packages = ['core', 'fastify', 'express', 'client', 'authority']

/**
 * Compares what each package declares to the world with its `api.d.txt`, or writes that file: an API
 * change has to touch it, and so is seen. Needs a build. Resolves to `{ passed, failed, lines }`, one
 * check a package.
 */
export function api({ check = true } = {}) {
  const total = { passed: 0, failed: 0, lines: [] }
  for (const name of packages) {
    const file = `packages/${name}/api.d.txt`
    const problem = check ? compare(name, file) : write(name, file)
    total[problem === undefined ? 'passed' : 'failed'] += 1
    total.lines.push(
      problem === undefined ? `ok      API of ${name}` : `FAILED  API of ${name}: ${problem}`,
    )
  }
  return total
}

function write(name, file) {
  writeFileSync(`${root}${file}`, report(name))
  return undefined
}

function compare(name, file) {
  const declared = report(name)
  const recorded = existsSync(`${root}${file}`) ? readFileSync(`${root}${file}`, 'utf8') : ''
  if (declared === recorded) return undefined
  const [was, is] = [recorded, declared].map((text) => text.split('\n'))
  const at = is.findIndex((line, index) => line !== was[index])
  const place = at === -1 ? 'lines are gone' : `"${is[at]?.trim()}"`
  return `${file} differs (first at line ${at === -1 ? is.length : at + 1}, ${place}); if the change is meant: node scripts/api.js`
}

/** Every entry of the package's `exports` that has types, with what it declares. */
function report(name) {
  const directory = `${root}packages/${name}/`
  const manifest = JSON.parse(readFileSync(`${directory}package.json`, 'utf8'))
  const entries = Object.entries(manifest.exports).filter(([, target]) => target.types)
  const sections = entries.map(([path, { types }]) => {
    const specifier = path === '.' ? manifest.name : `${manifest.name}${path.slice(1)}`
    return `// ${specifier}\n\n${describe(collectApi(`${directory}${types}`))}`
  })
  return `${sections.join('\n\n')}\n`
}

function describe({ exported, reached }) {
  const inner = reached.length === 0 ? [] : ['// reached by these, and not exported', ...reached]
  return [...exported, ...inner].join('\n\n')
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { passed, failed, lines } = api({ check: process.argv.includes('--check') })
  console.log(`${lines.join('\n')}\n${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}
