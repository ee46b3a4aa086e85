import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { addCertsCommands } from './certs/commands.js'

/** The whole command line. Commands load what they need when they run. */
export function createProgram(): Command {
  const program = new Command('mcp-mtls')
    .description('Certificates for MCP servers and their clients')
    .version(readVersion())
    .helpCommand(false)
    .showHelpAfterError('(add --help to see what there is)')
    .exitOverride()
  const certs = program
    .command('certs')
    .description('make a certificate authority, and certificates of servers and clients')
    .helpCommand(false)
  addCertsCommands(certs)
  return program
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  )
  const isNamed = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return isNamed ? String(manifest.version) : 'unknown'
}
