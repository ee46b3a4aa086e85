import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { root } from './workspace.js'

const serve = join(root, 'test', 'conformance', 'serve.js')
const linesKept = 20
const deadline = 300_000

/** Runs the suite once; `green` is its own verdict, `checks` are by name, `said` is the end of what server and suite wrote to standard error. */
export async function examine({ node, program, revision, sdk }, mode) {
  const results = mkdtempSync(join(tmpdir(), 'mcp-mtls-conformance-'))
  const server = start(node, [serve, sdk, mode])
  try {
    const url = await server.firstLine()
    const asked = ['--url', url, '--suite', 'all', '--spec-version', revision, '-o', results]
    const suite = start(node, [program, 'server', ...asked])
    const [code] = await suite.exit
    const said = [...server.said, ...suite.said].map((line) => `${mode}: ${line}`)
    return { green: code === 0, checks: readChecks(results), said }
  } finally {
    server.stop()
    await server.exit
    rmSync(results, { recursive: true, force: true })
  }
}

function start(program, args) {
  const child = spawn(program, args, { cwd: root, stdio: 'pipe', timeout: deadline })
  const said = []
  createInterface({ input: child.stderr }).on('line', (line) => {
    said.push(line)
    if (said.length > linesKept) said.shift()
  })
  const exit = once(child, 'close')
  const output = createInterface({ input: child.stdout })
  return {
    said,
    exit,
    firstLine: () =>
      Promise.race([
        once(output, 'line').then(([line]) => line),
        exit.then(([code]) => {
          throw new Error(`${args.join(' ')} ended with ${code}: ${said.join('\n')}`)
        }),
      ]),
    stop: () => child.stdin.end(),
  }
}

/** One folder a scenario, named `server-<scenario>-<time>`; a scenario may use one id several times. */
function readChecks(results) {
  const checks = new Map()
  for (const folder of readdirSync(results).sort()) {
    const scenario = folder.replace(/-\d{4}-\d{2}-\d{2}T.*$/, '').replace(/^server-/, '')
    const counts = new Map()
    for (const check of JSON.parse(readFileSync(join(results, folder, 'checks.json'), 'utf8'))) {
      const count = (counts.get(check.id) ?? 0) + 1
      counts.set(check.id, count)
      checks.set(`${scenario}/${check.id}${count === 1 ? '' : `#${count}`}`, check)
    }
  }
  return checks
}
