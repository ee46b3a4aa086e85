import type { Report } from '../report.js'
import { toCommand } from './command-text.js'
import { issueInto } from './issue-into.js'
import { serverDirectory } from './layout.js'
import { type ServerNames, toServerSubject } from './server-names.js'

export interface ServerOptions extends ServerNames {
  readonly dir: string
  readonly days: number
}

/**
 * Makes the certificate of a server.
 *
 * @throws {UsageError | CommandError}
 */
export async function issueServer(name: string, options: ServerOptions): Promise<Report> {
  const { dir, days } = options
  const request = { usage: 'server' as const, ...toServerSubject(name, options) }
  const issued = await issueInto({
    root: dir,
    directory: serverDirectory(dir, name),
    days,
    request,
  })
  const example = ['certs', 'client', '--spiffe', 'spiffe://acme.test/agents/reader']
  return { command: 'certs server', ...issued, next: toCommand(example, dir) }
}
