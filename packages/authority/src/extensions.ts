import type { KeyObject } from 'node:crypto'
import type {
  CertificateUsage,
  RawExtension,
  SubjectAlternativeNames,
} from './certificate-request.js'
import { toSpki } from './key-pair.js'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
} from './x509.js'

export interface LeafDescription {
  readonly usage: CertificateUsage
  readonly names: SubjectAlternativeNames
  readonly publicKey: KeyObject
  readonly hasSubject: boolean
  readonly issuer: X509Certificate
}

/** RFC 5280 section 4.2, and SPIFFE X509-SVID section 4 for a client with a SPIFFE ID. */
export async function createLeafExtensions(leaf: LeafDescription): Promise<readonly Extension[]> {
  const purpose =
    leaf.usage === 'client' ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth
  // Key encipherment is what RSA key exchange of TLS 1.2 asks of a certificate; no other key can do it.
  const encipher = leaf.publicKey.asymmetricKeyType === 'rsa' ? KeyUsageFlags.keyEncipherment : 0
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature | encipher, true),
    new ExtendedKeyUsageExtension([purpose]),
    ...(await createKeyIdentifiers(leaf.publicKey, leaf.issuer)),
    ...createAlternativeNames(leaf),
  ]
}

export interface CaDescription {
  readonly publicKey: KeyObject
  readonly pathLength?: number
  /** Absent for a root. */
  readonly issuer?: X509Certificate
}

export async function createCaExtensions(ca: CaDescription): Promise<readonly Extension[]> {
  return [
    new BasicConstraintsExtension(true, ca.pathLength, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ...(await createKeyIdentifiers(ca.publicKey, ca.issuer)),
  ]
}

/** The generated extensions, those with an OID in `raw` replaced by all that `raw` holds for it. */
export function withRawExtensions(
  generated: readonly Extension[],
  raw: readonly RawExtension[],
): Extension[] {
  const replaced = new Set(raw.map((extension) => extension.oid))
  return [
    ...generated.filter((extension) => !replaced.has(extension.type)),
    ...raw.map(({ oid, critical, value }) => new Extension(oid, critical ?? false, value)),
  ]
}

async function createKeyIdentifiers(
  publicKey: KeyObject,
  issuer: X509Certificate | undefined,
): Promise<readonly Extension[]> {
  const own = await SubjectKeyIdentifierExtension.create(toSpki(publicKey))
  const above = issuer?.getExtension(SubjectKeyIdentifierExtension)?.keyId
  const issuerKeyId = issuer === undefined ? own.keyId : above
  return issuerKeyId === undefined ? [own] : [own, new AuthorityKeyIdentifierExtension(issuerKeyId)]
}

function createAlternativeNames(leaf: LeafDescription): readonly Extension[] {
  const { uri = [], dns = [], email = [], ip = [] } = leaf.names
  const names: JsonGeneralName[] = [
    ...uri.map((value) => ({ type: 'url' as const, value })),
    ...dns.map((value) => ({ type: 'dns' as const, value })),
    ...email.map((value) => ({ type: 'email' as const, value })),
    ...ip.map((value) => ({ type: 'ip' as const, value })),
  ]
  // RFC 5280 section 4.2.1.6: critical when the subject is empty.
  return names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names, !leaf.hasSubject)]
}
