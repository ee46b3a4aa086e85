import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const bin = `${root}tools/node_modules/.bin/`

/** Runs a program in the workspace's root with its output shown; true if it ended with 0. */
export function run(program, args, options = {}) {
  const result = spawnSync(program, args, {
    cwd: root,
    stdio: options.quiet ? ['ignore', 'ignore', 'inherit'] : ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...options.env },
  })
  if (result.error) console.error(`${program}: ${result.error.message}`)
  return result.status === 0
}

/** The same, with every piece of its output looked at on its way. */
export function runWatched(program, args, watch) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const name of ['stdout', 'stderr']) {
      let rest = ''
      child[name].setEncoding('utf8').on('data', (text) => {
        process[name].write(text)
        // What is looked for may arrive in two pieces.
        watch(rest + text)
        rest = text.slice(-200)
      })
    }
    child.once('error', (error) => {
      console.error(`${program}: ${error.message}`)
      resolve(false)
    })
    child.once('close', (code) => resolve(code === 0))
  })
}

/** Runs a tool of tools/package.json. */
export function tool(name, args, options) {
  return run(`${bin}${name}`, args, options)
}

/** Installs what the lockfile says, with a pnpm that npx brings. */
export function install() {
  const npx = process.platform === 'win32' ? 'npx.cmd' : 'npx'
  return run(npx, ['-y', 'pnpm@12', 'install', '--frozen-lockfile', '--reporter=silent'])
}

/** Compiles every package. */
export function build() {
  return tool('tsc', ['-b'])
}

/** Ends the process with 1 at the first step that fails, naming it. */
export function steps(named) {
  for (const [name, step] of Object.entries(named)) {
    if (!step()) {
      console.error(`\n${name} failed`)
      process.exit(1)
    }
  }
}
