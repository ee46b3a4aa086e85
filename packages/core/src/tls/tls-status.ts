import type { X509Certificate } from 'node:crypto'
import { nameCertificate } from './certificate-facts.js'
import type { Expiring } from './expiry.js'
import type { RotationStatus } from './rotation.js'
import type { TlsState } from './tls-state.js'

/** How a source is, for health checks and metrics. Times are milliseconds since the epoch. */
export interface TlsStatus {
  /**
   * Whether clients can connect now: the server's certificate is current, and so are a CA certificate and,
   * unless stale ones are kept, a CRL where there are any.
   */
  readonly ready: boolean
  readonly epoch: number
  /** The first to end of the certificates the server presents. */
  readonly certificate: { readonly name: string; readonly notAfter: number }
  /** Of each authority the CA certificate that ends last. */
  readonly authorities: readonly { readonly name: string; readonly notAfter: number }[]
  /** The CRLs in use, and when each becomes stale. */
  readonly crls: readonly {
    /** The CA that issued it. */
    readonly name: string
    readonly nextUpdate: number
  }[]
  /** When the files were last read and found good. */
  readonly lastReload: number
  /** How often the files were read anew, since the start, and found good. */
  readonly reloads: number
  /** How often not, and the last good state stayed in force: once for each change, reload and retry. */
  readonly failedReloads: number
  /** What is wrong with the files since; the last good state is in force. */
  readonly lastError?: string
}

const subPath =
  'the certificate has not changed since the start; if its renewal is due, look at what renews it. A file that Kubernetes mounts by subPath never changes: mount the directory'

/** How a state is at a time. */
export function toStatus(
  { material, authorities, crls, epoch }: TlsState,
  { lastError, ...reloads }: RotationStatus,
  now: number,
): TlsStatus {
  const own = material.certificates.map(toPeriod).reduce(pickFirst)
  const perAuthority = authorities.map(({ name, anchors }) => ({
    name,
    notAfter: Math.max(...anchors.map((anchor) => toPeriod(anchor).notAfter)),
  }))
  const anchors = authorities.flatMap((authority) => authority.anchors).map(toPeriod)
  const lists =
    material.onStaleCrl === 'keep'
      ? []
      : crls.map(({ thisUpdate, nextUpdate }) => ({ notBefore: thisUpdate, notAfter: nextUpdate }))
  const isCurrent = ({ notBefore, notAfter }: Period): boolean =>
    notBefore <= now && now <= notAfter
  return Object.freeze({
    ready:
      material.certificates.map(toPeriod).every(isCurrent) &&
      anchors.some(isCurrent) &&
      (lists.length === 0 || lists.some(isCurrent)),
    epoch,
    certificate: Object.freeze({ name: own.name, notAfter: own.notAfter }),
    authorities: Object.freeze(perAuthority),
    crls: Object.freeze(crls.map(({ issuer, nextUpdate }) => ({ name: issuer, nextUpdate }))),
    ...reloads,
    ...(lastError && { lastError: lastError.message }),
  })
}

/** Everything of a state that expires; `first` is the state at the start. */
export function toExpiring(
  { material, authorities, crls }: TlsState,
  first: TlsState,
): readonly Expiring[] {
  const [leaf] = first.material.certificates
  const own = material.certificates.map((one, index) => ({
    what: 'certificate' as const,
    ...toPeriod(one),
    ...(index === 0 && leaf?.raw.equals(one.raw) && { hint: subPath }),
  }))
  const anchors = authorities.flatMap((authority) =>
    authority.anchors.map((anchor) => ({ what: 'ca' as const, ...toPeriod(anchor) })),
  )
  const lists = crls.map(({ issuer, thisUpdate, nextUpdate }) => ({
    what: 'crl' as const,
    name: issuer,
    notBefore: thisUpdate,
    notAfter: nextUpdate,
  }))
  return [...own, ...anchors, ...lists]
}

interface Period {
  readonly notBefore: number
  readonly notAfter: number
}

function toPeriod(certificate: X509Certificate): Period & { readonly name: string } {
  return {
    name: nameCertificate(certificate),
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
  }
}

function pickFirst<T extends Period>(one: T, other: T): T {
  return other.notAfter < one.notAfter ? other : one
}
