import { parseCrlLocations } from './crl-location.js'
import type { AuthorityPaths, ClientCertificateMode } from './file-options.js'
import { isPreset } from './openai-connectors.js'
import { parseLeafConditions } from './parse-leaf-conditions.js'
import { parseLocations, wrong } from './parse-location.js'
import { parseRecord, refuseUnknown } from './parse-record.js'
import { parseTrustDomains } from './parse-trust-domains.js'

const authorityOptionNames = ['ca', 'crl', 'trustDomains', 'issuedBy', 'dns', 'challenge']
const authorityName = /^[a-z0-9-]+$/
const authorityAdvice: ReadonlyMap<string, string> = new Map([
  [
    'certificate',
    "only an entry that openaiConnectors({ …, certificate: 'observe' }) answered, as it is, may leave its certificate out.",
  ],
])

/**
 * Parses the options `ca`, `crl` and `authorities` into authorities.
 *
 * @throws {ConfigurationError} for both or neither of `ca` and `authorities`, and for an entry that is wrong
 */
export function parseAuthorities(
  options: Readonly<Record<string, unknown>>,
  clientCertificate: ClientCertificateMode,
): readonly AuthorityPaths[] {
  const { ca, authorities, crl } = options
  if (ca !== undefined && authorities !== undefined) {
    throw wrong('"ca" and "authorities" are both given; "ca" is short for one authority "default".')
  }
  if (authorities === undefined) {
    if (ca === undefined) {
      throw wrong('"ca" is missing: the PEM file with the CA certificates that vouch for clients.')
    }
    const crls = parseCrlLocations(crl, 'crl')
    return [{ name: 'default', ca: parseLocations(ca, 'ca'), crl: crls, trustDomains: [] }]
  }
  if (crl !== undefined) {
    throw wrong('"crl" belongs to an authority: authorities: { NAME: { ca, crl } }.')
  }
  const entries = Object.entries(parseRecord(authorities, 'authorities'))
  if (entries.length === 0) throw wrong('"authorities" is empty; no client could connect.')
  const parsed = entries.map(([name, entry]) => parseAuthority(name, entry))
  checkObserved(parsed, clientCertificate)
  return Object.freeze(parsed)
}

function parseAuthority(name: string, value: unknown): AuthorityPaths {
  if (!authorityName.test(name)) {
    throw wrong(`authority name ${JSON.stringify(name)} may only hold a-z, 0-9 and "-".`)
  }
  const entry = parseRecord(value, `authorities.${name}`)
  refuseUnknown(entry, {
    known: isPreset(value) ? [...authorityOptionNames, 'certificate'] : authorityOptionNames,
    what: `key of authorities.${name}`,
    adviceFor: authorityAdvice,
  })
  return Object.freeze({
    name,
    ca: Object.freeze(parseLocations(entry['ca'], `authorities.${name}.ca`)),
    crl: parseCrlLocations(entry['crl'], `authorities.${name}.crl`),
    trustDomains: Object.freeze(parseTrustDomains(entry['trustDomains'], name)),
    ...parseLeafConditions(entry, `authorities.${name}`),
  })
}

/** What the handshake refuses, nobody can observe; and a peer without certificate can stand for one authority only. */
function checkObserved(
  authorities: readonly AuthorityPaths[],
  clientCertificate: ClientCertificateMode,
): void {
  const [observed, another] = authorities.filter(({ certificate }) => certificate === 'observe')
  if (observed !== undefined && clientCertificate !== 'request') {
    throw wrong(
      `authorities.${observed.name} has certificate: 'observe', and the handshake refuses clients without one: set clientCertificate: 'request'.`,
    )
  }
  if (another === undefined) return
  throw wrong(
    `authorities.${observed?.name} and authorities.${another.name} both have certificate: 'observe'; a client without one could be of either. Leave it to one.`,
  )
}
