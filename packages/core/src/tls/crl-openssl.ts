import type { Crl } from './crl.js'
import { type CrlCoverage, type OnStaleCrl, toCrls } from './crl-coverage.js'

/**
 * The CRLs for Node's option `crl`: one PEM block a text, or nothing where OpenSSL's checking would refuse
 * good clients. OpenSSL asks for a CRL at every link of every chain, so one authority without CRLs keeps it
 * out; so does `keep`, as it refuses by stale CRLs, and two CRLs of one name (a CA with a new key, or with
 * distribution points), among which it may pick the wrong one. `createRevocation` checks in any case;
 * OpenSSL only tells the client more.
 *
 * Never an empty list, which would mean no checking to Node.
 */
export function toOpensslCrls(
  coverages: readonly (CrlCoverage | undefined)[],
  onStaleCrl: OnStaleCrl,
): readonly string[] | undefined {
  const crls = [...new Set(coverages.flatMap(toCrls))]
  const names = new Set(crls.map(({ issuer }) => issuer))
  const isComplete = coverages.every((coverage) => coverage !== undefined)
  if (!isComplete || onStaleCrl === 'keep' || names.size !== crls.length || crls.length === 0) {
    return undefined
  }
  return Object.freeze(crls.map(toPem))
}

function toPem({ der }: Crl): string {
  const body = der.toString('base64').replace(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN X509 CRL-----\n${body}\n-----END X509 CRL-----\n`
}
