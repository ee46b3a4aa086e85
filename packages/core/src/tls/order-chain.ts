import type { KeyObject, X509Certificate } from 'node:crypto'
import { isIssuedBy, nameCertificate } from './certificate-facts.js'
import { refuse } from './crl-der.js'

/** A chain in the order in which a server presents it, and what does not belong to it. */
export interface OrderedChain {
  readonly chain: readonly X509Certificate[]
  readonly unused: readonly X509Certificate[]
}

/**
 * Finds the certificate of a key among others, and those that lead upwards from it, without the root,
 * which clients have.
 *
 * @throws {TlsMaterialError} without the place, if none or more than one has the key
 */
export function orderChain(certificates: readonly X509Certificate[], key: KeyObject): OrderedChain {
  const distinct = certificates.filter(
    (one, index) => certificates.findIndex((other) => other.raw.equals(one.raw)) === index,
  )
  const [leaf, second] = distinct.filter((one) => one.checkPrivateKey(key))
  if (leaf === undefined) return refuse('none of its certificates has the public key of its key')
  if (second !== undefined)
    return refuse('two of its certificates have its key; keep the newer one')
  const chain = [leaf]
  for (
    let next = findIssuer(chain, distinct);
    next !== undefined;
    next = findIssuer(chain, distinct)
  )
    chain.push(next)
  const unused = distinct.filter((one) => !chain.includes(one))
  const root = chain.length > 1 ? chain.findIndex(isRoot) : -1
  return { chain: root > 0 ? chain.slice(0, root) : chain, unused }
}

/** One line for a log. */
export function sayUnused(unused: readonly X509Certificate[], file: string): string {
  return `${file}: left out, since the server's certificate does not lead there: ${unused.map(nameCertificate).join('; ')}. No certificate of this file vouches for clients; those are in "ca".`
}

function findIssuer(
  chain: readonly X509Certificate[],
  all: readonly X509Certificate[],
): X509Certificate | undefined {
  const last = chain.at(-1)
  if (last === undefined) return undefined
  return all.find((one) => !chain.includes(one) && isIssuedBy(last, one))
}

function isRoot(certificate: X509Certificate): boolean {
  return isIssuedBy(certificate, certificate)
}
