import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

// The built command: `npm run build` comes before these tests.
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))

export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs `mcp-mtls` as a user would, in a directory; `by` is what npm says of how it was started. */
export function runCommand(
  cwd: string,
  args: readonly string[],
  by = 'run-script',
): Promise<CommandResult> {
  const env = { ...process.env, npm_command: by }
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { cwd, env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ code, stdout, stderr })
    })
  })
}
