import { parseName } from './layout.js'
import { parseDnsName, parseIpAddress } from './parse-names.js'

/** The names of a server as typed. */
export interface ServerNames {
  readonly dns?: readonly string[]
  readonly ip?: readonly string[]
}

export interface ServerSubject {
  readonly cn: string
  readonly dns: readonly string[]
  readonly ip: readonly string[]
}

/** @throws {UsageError} */
export function toServerSubject(name: string, names: ServerNames): ServerSubject {
  const { dns = [], ip = [] } = names
  const cn = parseName(name)
  const further = dns.map((one) => parseDnsName(one, 'wildcard'))
  return {
    cn,
    dns: [...new Set([cn, `mcp-plugin-${cn}`, 'localhost', ...further])],
    ip: [...new Set(['127.0.0.1', '::1', ...ip.map(parseIpAddress)])],
  }
}
