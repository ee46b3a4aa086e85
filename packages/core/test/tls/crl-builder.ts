import { constants, createPrivateKey, sign, X509Certificate } from 'node:crypto'
import { Certificate } from '@peculiar/asn1-x509'
import { parseDer, toDer } from '../../src/identity/der.js'

const day = 86_400_000

/** DER of one element. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content])
  const digits = content.length.toString(16)
  const length = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex')
  return Buffer.concat([Buffer.from([tag, 0x80 + length.length]), length, content])
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts)
export const integer = (hexadecimal: string): Buffer => der(0x02, Buffer.from(hexadecimal, 'hex'))

/** An extension of the branch 2.5.29. */
export function extension(last: number, value: Uint8Array, critical = false): Buffer {
  const flag = critical ? [Buffer.from([0x01, 0x01, 0xff])] : []
  return sequence(der(0x06, Buffer.from([0x55, 0x1d, last])), ...flag, der(0x04, value))
}

export const uriName = (uri: string): Buffer => der(0x86, Buffer.from(uri))

/** The value of an issuing distribution point (RFC 5280 section 5.2.5) with a full name. */
export const issuingPoint = (...uris: readonly string[]): Buffer => sequence(placeOf(...uris))

/** The same, and something behind the name. */
export const issuingPointWith = (part: Buffer): Buffer =>
  sequence(placeOf('http://ca.test/a'), part)

/** The value of a certificate's distribution points (RFC 5280 section 4.2.1.13), one for each URI. */
export const distributionPoints = (...uris: readonly string[]): Buffer =>
  sequence(...uris.map((uri) => sequence(placeOf(uri))))

/** The place within either: distributionPoint [0] with fullName [0]. */
export const placeOf = (...uris: readonly string[]): Buffer =>
  der(0xa0, der(0xa0, ...uris.map(uriName)))

export function utcTime(time: number): Buffer {
  const digits = new Date(time).toISOString().replace(/[-:T]|\.\d+/g, '')
  return der(0x17, Buffer.from(digits.slice(2)))
}

/** `sha256` and the algorithm identifier that goes with it, for each kind of key. */
const algorithms = {
  ec: { id: '06082a8648ce3d040302', digest: 'sha256' },
  ecSha1: { id: '06072a8648ce3d0401', digest: 'sha1' },
  rsa: { id: '06092a864886f70d01010b0500', digest: 'sha256' },
  pss: {
    id: '06092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120',
    digest: 'sha256',
  },
  ed25519: { id: '06032b6570', digest: undefined },
} as const

export type CrlAlgorithm = keyof typeof algorithms

/** The parts of a CRL, each replaceable by DER of a test's own. */
export interface CrlParts {
  readonly algorithm?: CrlAlgorithm
  /** The algorithm that is signed, if another. */
  readonly inner?: CrlAlgorithm
  readonly version?: Buffer
  readonly thisUpdate?: Buffer
  readonly nextUpdate?: Buffer
  readonly entries?: readonly Uint8Array[]
  readonly extensions?: readonly Uint8Array[]
  readonly trailer?: Uint8Array
}

export const entry = (serial: string, ...extensions: readonly Uint8Array[]): Buffer =>
  sequence(
    integer(serial),
    utcTime(Date.now() - day),
    ...(extensions.length === 0 ? [] : [sequence(...extensions)]),
  )

/** Builds and signs a CRL by hand: what no CA would make included. */
export function buildCrl(
  ca: { readonly certificate: string; readonly key: string },
  parts: CrlParts = {},
): Buffer {
  const name = parts.algorithm ?? 'ec'
  const subject = parseDer(new X509Certificate(ca.certificate).raw, Certificate, 'CA')
  const { entries, extensions = [], version = integer('01') } = parts
  const list = sequence(
    version,
    sequence(Buffer.from(algorithms[parts.inner ?? name].id, 'hex')),
    toDer(subject.tbsCertificate.subject),
    parts.thisUpdate ?? utcTime(Date.now() - day),
    parts.nextUpdate ?? utcTime(Date.now() + day),
    ...(entries === undefined ? [] : [sequence(...entries)]),
    ...(extensions.length === 0 ? [] : [der(0xa0, sequence(...extensions))]),
    parts.trailer ?? Buffer.alloc(0),
  )
  const signature = signList(list, name, ca.key)
  return sequence(
    list,
    sequence(Buffer.from(algorithms[name].id, 'hex')),
    der(0x03, Buffer.from([0]), signature),
  )
}

function signList(list: Buffer, name: CrlAlgorithm, key: string): Buffer {
  const { digest } = algorithms[name]
  const privateKey = createPrivateKey(key)
  return name === 'pss'
    ? sign(digest, list, {
        key: privateKey,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: 32,
      })
    : sign(digest, list, privateKey)
}

export function toCrlPem(bytes: Uint8Array): string {
  return `-----BEGIN X509 CRL-----\n${Buffer.from(bytes).toString('base64')}\n-----END X509 CRL-----\n`
}

/** Small lists, each under a name of its own, with signatures that nobody made. */
export function foreignCrls(count: number): readonly Buffer[] {
  const algorithm = sequence(Buffer.from(algorithms.ec.id, 'hex'))
  const dates = [utcTime(Date.now() - day), utcTime(Date.now() + day)]
  return Array.from({ length: count }, (_, index) => {
    const commonName = sequence(
      Buffer.from('0603550403', 'hex'),
      der(0x0c, Buffer.from(String(index))),
    )
    const list = sequence(algorithm, sequence(der(0x31, commonName)), ...dates)
    return sequence(list, algorithm, der(0x03, Buffer.alloc(60)))
  })
}
