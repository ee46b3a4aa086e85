import type { Command } from 'commander'
import { UsageError } from '../errors.js'
import { writeReport } from '../report.js'
import type { ClientNames } from './client-names.js'
import type { ServerNames } from './server-names.js'

interface CommonOptions {
  readonly dir: string
  readonly days: number
  readonly json?: true
}

const LEAF_DAYS = 90
const CA_DAYS = 3650

/** Declares `certs init`, `certs server` and `certs client`; what they do is loaded when they run. */
export function addCertsCommands(certs: Command): void {
  addInit(certs)
  addServer(certs)
  addClient(certs)
}

function addInit(certs: Command): void {
  const command = certs
    .command('init')
    .description('make the certificate authority: mcp/ca/ca.crt and mcp/ca/ca.key')
    .option('--name <cn>', 'common name of the authority', 'MCP CA')
    .action(async (options: CommonOptions & { readonly name: string }) => {
      const { initAuthority } = await import('./init.js')
      writeReport(await initAuthority(options), options)
    })
  addCommonOptions(command, CA_DAYS)
}

function addServer(certs: Command): void {
  const command = certs
    .command('server')
    .description(
      'make the certificate of a server: mcp/plugins/NAME/{server.crt,server.key,ca.crt}',
    )
    .argument('<name>', 'a-z, 0-9, ".", "_", "-"')
    .option('--dns <name>', 'a further DNS name (repeatable)', collect)
    .option('--ip <address>', 'a further IP address (repeatable)', collect)
    .addHelpText(
      'after',
      '\nIt is valid for NAME, mcp-plugin-NAME, localhost, 127.0.0.1, ::1 and what you add.',
    )
    .action(async (name: string, options: CommonOptions & ServerNames) => {
      const { issueServer } = await import('./server.js')
      writeReport(await issueServer(name, options), options)
    })
  addCommonOptions(command, LEAF_DAYS)
}

function addClient(certs: Command): void {
  const command = certs
    .command('client')
    .description(
      'make the certificate of a client: mcp/clients/NAME/{client.crt,client.key,ca.crt}',
    )
    .argument('[name]', 'name of the directory; default: the end of the first name below')
    .option('--spiffe <id>', 'SPIFFE ID, such as spiffe://acme.test/agents/reader')
    .option('--uri <uri>', 'another URI (repeatable)', collect)
    .option('--dns <name>', 'DNS name (repeatable)', collect)
    .option('--email <address>', 'e-mail address (repeatable)', collect)
    .option('--cn <name>', 'common name; servers ignore it unless told otherwise')
    .addHelpText('after', '\nAt least one of --spiffe, --uri, --dns, --email and --cn is needed.')
    .action(async (name: string | undefined, options: CommonOptions & ClientNames) => {
      const { issueClient } = await import('./client.js')
      writeReport(await issueClient(name, options), options)
    })
  addCommonOptions(command, LEAF_DAYS)
}

function addCommonOptions(command: Command, days: number): void {
  command
    .option('--dir <directory>', 'root of the layout', 'certs')
    .option('--days <days>', 'days until it expires', parseDays, days)
    .option('--json', 'print one JSON object')
}

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value]
}

function parseDays(text: string): number {
  const days = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0
  if (days >= 1 && days <= 36_500) return days
  throw new UsageError(`--days ${text}: give a whole number from 1 to 36500`)
}
