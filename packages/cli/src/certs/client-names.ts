import { parseSpiffeId } from '@mcp-mtls/core'
import { UsageError } from '../errors.js'
import { parseCommonName, parseDnsName, parseEmail, parseUri } from './parse-names.js'

/** The names of a client as typed. */
export interface ClientNames {
  readonly spiffe?: string
  readonly uri?: readonly string[]
  readonly dns?: readonly string[]
  readonly email?: readonly string[]
  readonly cn?: string
}

export interface ClientSubject {
  readonly uri: readonly string[]
  readonly dns: readonly string[]
  readonly email: readonly string[]
  readonly cn?: string
}

/**
 * The names that go into the certificate.
 *
 * @throws {UsageError} when there is none, or one is malformed
 */
export function toClientSubject(names: ClientNames): ClientSubject {
  const spiffe = names.spiffe === undefined ? [] : [parseWorkloadId(names.spiffe)]
  const other = (names.uri ?? []).map(parseUri)
  // SPIFFE X509-SVID section 2: exactly one URI name.
  if (spiffe.length > 0 && other.length > 0) {
    throw new UsageError('--spiffe and --uri: a certificate with a SPIFFE ID has no other URI')
  }
  const subject = {
    uri: [...spiffe, ...other],
    dns: (names.dns ?? []).map((one) => parseDnsName(one, 'exact')),
    email: (names.email ?? []).map(parseEmail),
    ...(names.cn === undefined ? {} : { cn: parseCommonName(names.cn) }),
  }
  checkNamed(subject)
  return subject
}

/** What the directory of a client is called when nothing is said: the end of its first name. */
export function toDirectoryName(subject: ClientSubject): string {
  const [uri] = subject.uri
  const segment = uri?.split(/[/:]/).findLast((part) => part !== '')
  const email = subject.email[0]?.split('@')[0]
  const name = segment ?? subject.dns[0] ?? email ?? subject.cn ?? ''
  return name.toLowerCase()
}

function checkNamed({ uri, dns, email, cn }: ClientSubject): void {
  if (uri.length + dns.length + email.length > 0 || cn !== undefined) return
  throw new UsageError(
    'a client needs a name: give --spiffe, for example --spiffe spiffe://acme.test/agents/reader, ' +
      'or --uri, --dns, --email or --cn',
  )
}

function parseWorkloadId(text: string): string {
  const { path } = parseId(text)
  if (path.length > 0) return text
  throw new UsageError(
    `--spiffe ${text}: names a trust domain; add a path, such as ${text}/agents/a`,
  )
}

function parseId(text: string): ReturnType<typeof parseSpiffeId> {
  try {
    return parseSpiffeId(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new UsageError(`--spiffe ${JSON.stringify(text)}: ${reason}`, { cause })
  }
}
