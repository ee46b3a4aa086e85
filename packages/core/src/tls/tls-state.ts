import type { X509Certificate } from 'node:crypto'
import type { ServerOptions } from 'node:https'
import { createSecureContext } from 'node:tls'
import { TlsMaterialError } from '../errors.js'
import type { Authority } from '../identity/authority.js'
import { thumbprint } from '../identity/thumbprint.js'
import { checkAuthorities } from './check-authorities.js'
import { checkServerCertificate } from './check-server-certificate.js'
import type { Crl } from './crl.js'
import { type CheckedCrls, checkCrls, toCrls } from './crl-coverage.js'
import { toOpensslCrls } from './crl-openssl.js'
import { createRevocation, type Revocation } from './revocation.js'
import { toServerOptions } from './server-options.js'
import type { AuthorityMaterial, TlsMaterial } from './tls-material.js'

/** What can change while a server runs. */
export type TlsChange = 'certificate' | 'authorities' | 'revocation'

/** Everything of a source that is in force together, and is replaced together. */
export interface TlsState {
  readonly material: TlsMaterial
  readonly options: Readonly<ServerOptions>
  readonly authorities: readonly Authority[]
  readonly revocation: Revocation
  /** The CRLs in use. */
  readonly crls: readonly Crl[]
  readonly warnings: readonly string[]
  /** Rises with each change of who is trusted, and not with the server's own certificate. */
  readonly epoch: number
}

/**
 * Makes a state of material, after checking all of it, the last by making a context of it as a server
 * would.
 *
 * @throws {TlsMaterialError} if certificate, key or CA certificates are unusable
 * @throws {ConfigurationError} if the authorities contradict each other
 */
export function createTlsState(material: TlsMaterial, epoch: number): TlsState {
  const now = Date.now()
  const warnings = [
    ...material.warnings,
    ...checkServerCertificate(material, now),
    ...checkAuthorities(material.authorities, now),
  ]
  const checked = material.authorities.map((authority) => checkRevocation(authority, material, now))
  const coverages = checked.map((one) => one?.coverage)
  const options = toServerOptions(material, toOpensslCrls(coverages, material.onStaleCrl))
  checkContext(options, material)
  const revocation = createRevocation({
    authorities: material.authorities.map(({ anchors }, index) => ({
      anchors,
      coverage: coverages[index],
    })),
    denyList: material.denyList,
    onStaleCrl: material.onStaleCrl,
  })
  return Object.freeze({
    material,
    options,
    authorities: toAuthorities(material),
    revocation,
    crls: [...new Set(coverages.flatMap(toCrls))],
    warnings: Object.freeze([...warnings, ...checked.flatMap((one) => one?.warnings ?? [])]),
    epoch,
  })
}

function checkRevocation(
  authority: AuthorityMaterial,
  { onStaleCrl }: TlsMaterial,
  now: number,
): CheckedCrls | undefined {
  const { crls } = authority
  return crls && checkCrls({ authority, crls, onStaleCrl, now })
}

function checkContext(options: ServerOptions, { origin }: TlsMaterial): void {
  try {
    createSecureContext(options)
  } catch (cause) {
    throw new TlsMaterialError(
      `${origin.certificate}: OpenSSL does not take certificate, key and CA certificates together.`,
      { cause },
    )
  }
}

/** What is different in the second of two states, which come from the same options. */
export function findChanges(before: TlsMaterial, after: TlsMaterial): readonly TlsChange[] {
  const changes: TlsChange[] = []
  if (!hasSameCertificate(before, after)) changes.push('certificate')
  if (toAnchorText(before) !== toAnchorText(after)) changes.push('authorities')
  if (toRevocationText(before) !== toRevocationText(after)) changes.push('revocation')
  return changes
}

function hasSameCertificate(before: TlsMaterial, after: TlsMaterial): boolean {
  return (
    before.certificates.map(String).join('') === after.certificates.map(String).join('') &&
    before.key.equals(after.key)
  )
}

function toAnchorText({ authorities }: TlsMaterial): string {
  return JSON.stringify(
    authorities.map(({ anchors, issuedBy = [] }) => [
      toFingerprints(anchors),
      toFingerprints(issuedBy),
    ]),
  )
}

/** Without order: a bundle written anew in another order trusts the same CAs. */
function toFingerprints(certificates: readonly X509Certificate[]): readonly string[] {
  return certificates.map(({ fingerprint512 }) => fingerprint512).sort()
}

function toRevocationText({ authorities, denyList }: TlsMaterial): string {
  const crls = authorities.map(({ crls = [] }) => crls.map(({ der }) => thumbprint(der)).sort())
  return JSON.stringify([crls, [...(denyList?.entries ?? [])].sort()])
}

function toAuthorities({ authorities }: TlsMaterial): readonly Authority[] {
  return Object.freeze(
    authorities.map(({ crls: _, origin: __, ...authority }) => Object.freeze(authority)),
  )
}
