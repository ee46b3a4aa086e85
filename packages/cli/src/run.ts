import { CommanderError } from 'commander'
import { UsageError } from './errors.js'
import { createProgram } from './program.js'

const SHOWN = new Set(['commander.help', 'commander.helpDisplayed', 'commander.version'])

/** Runs one command line and returns its exit code: 0 done, 1 failed, 2 not understood. */
export async function run(argv: readonly string[]): Promise<number> {
  const program = createProgram()
  try {
    // Commander takes a bare command as a failure; asking what there is, is none.
    await program.parseAsync(argv.length === 0 ? ['--help'] : [...argv], { from: 'user' })
    return 0
  } catch (error) {
    return toExitCode(error)
  }
}

function toExitCode(error: unknown): number {
  // Commander has printed its own message by now.
  if (error instanceof CommanderError) {
    return SHOWN.has(error.code) && error.exitCode === 0 ? 0 : 2
  }
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`error: ${message.replaceAll(/\s*\n\s*/g, ' ')}\n`)
  return error instanceof UsageError ? 2 : 1
}
