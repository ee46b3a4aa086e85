import type { Report } from '../report.js'
import { type ClientNames, toClientSubject, toDirectoryName } from './client-names.js'
import { toShell } from './command-text.js'
import { issueInto } from './issue-into.js'
import { clientDirectory } from './layout.js'

export interface ClientOptions extends ClientNames {
  readonly dir: string
  readonly days: number
}

// What a client may do is a matter of the server's policy; this says it.
const listTools = [
  ...['-H', 'Content-Type: application/json'],
  ...['-H', 'Accept: application/json, text/event-stream'],
  ...['-d', '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'],
  'https://localhost:8443/mcp',
]

/**
 * Makes the certificate of a client. Without `name` its directory is called by the end of its first name.
 *
 * @throws {UsageError | CommandError}
 */
export async function issueClient(
  name: string | undefined,
  options: ClientOptions,
): Promise<Report> {
  const { dir, days } = options
  const subject = toClientSubject(options)
  const directory = clientDirectory(dir, name ?? toDirectoryName(subject))
  const request = { usage: 'client' as const, ...subject }
  const issued = await issueInto({ root: dir, directory, days, request })
  const { certificate = '', key = '', ca = '' } = issued.files
  const curl = ['curl', '--cert', certificate, '--key', key, '--cacert', ca, ...listTools]
  return { command: 'certs client', ...issued, next: toShell(curl) }
}
