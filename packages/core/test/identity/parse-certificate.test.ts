import { generateKeyPairSync } from 'node:crypto'
import type { CertificateRequest } from '@mcp-mtls/authority'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier, Extension, SubjectPublicKeyInfo } from '@peculiar/asn1-x509'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CertificateError } from '../../src/errors.js'
import { parseCertificate } from '../../src/identity/parse-certificate.js'
import { thumbprint } from '../../src/identity/thumbprint.js'
import { expectLinearTime } from '../linear-time.js'
import {
  ca,
  caTrue,
  element,
  issueDer,
  issueWithNames,
  keyUsageValue,
  oid,
  resign,
  sequence,
  toX509,
  uriName,
} from './certificates.js'

const spiffe = 'spiffe://acme.test/ns/ops/sa/deployer'

function reasonOf(der: Uint8Array): string {
  const outcome = outcomeOf(der)
  return typeof outcome === 'string' ? outcome : 'accepted'
}

function outcomeOf(der: Uint8Array): unknown {
  try {
    return parseCertificate(der)
  } catch (error) {
    return error instanceof CertificateError ? error.reason : `escaped: ${error}`
  }
}

async function reasonFor(request: Partial<CertificateRequest>): Promise<string> {
  return reasonOf(await issueDer(request))
}

function nest(size: number): Buffer {
  let nested: Buffer = Buffer.alloc(0)
  while (nested.length < size) nested = sequence(nested)
  return nested
}

function addExtension(extnID: string, critical: boolean, value: Uint8Array) {
  return (tbs: { extensions?: Extension[] }) => {
    tbs.extensions?.push(new Extension({ extnID, critical, extnValue: new OctetString(value) }))
  }
}

describe('parseCertificate', () => {
  it('reads every field of a client certificate', async () => {
    const der = await issueDer({
      subject: 'C=DE, O=Acme, OU=agents, CN=deployer',
      uri: [spiffe],
      dns: ['b.test', 'a.test'],
      email: ['x@acme.test'],
      ip: ['127.0.0.1', '::1'],
      notBefore: new Date('2026-01-02T03:04:05Z'),
      notAfter: new Date('2051-02-03T04:05:06Z'),
    })
    expect(parseCertificate(der)).toEqual({
      thumbprint: thumbprint(der),
      subject: {
        text: 'CN=deployer,OU=agents,O=Acme,C=DE',
        commonNames: ['deployer'],
        organizations: ['Acme'],
        organizationalUnits: ['agents'],
      },
      issuer: {
        text: 'CN=test root',
        commonNames: ['test root'],
        organizations: [],
        organizationalUnits: [],
      },
      serialNumber: toX509(der).serialNumber,
      notBefore: Date.parse('2026-01-02T03:04:05Z'),
      notAfter: Date.parse('2051-02-03T04:05:06Z'),
      names: { uri: [spiffe], dns: ['b.test', 'a.test'], email: ['x@acme.test'] },
      spiffeId: {
        text: spiffe,
        trustDomain: 'acme.test',
        path: ['ns', 'ops', 'sa', 'deployer'],
      },
    })
  })

  it('says of bytes it has seen what it said of them first, and of others never that', async () => {
    const der = await issueDer({ cn: 'x', uri: [spiffe], dns: ['a.test'] })
    const first = outcomeOf(der)
    const byte = fc.record({ at: fc.nat(der.length - 1), value: fc.nat(255) })
    fc.assert(
      fc.property(byte, ({ at, value }) => {
        const other = Buffer.from(der)
        other[at] = value
        const met = outcomeOf(other)
        expect(outcomeOf(other)).toEqual(met)
        if (!other.equals(der)) expect(met).not.toEqual(first)
        expect(outcomeOf(Buffer.from(der))).toEqual(first)
      }),
    )
  })

  it('freezes what it returns, deeply', async () => {
    const parsed = parseCertificate(await issueDer({ cn: 'x', uri: [spiffe], dns: ['a.test'] }))
    const frozen: unknown[] = []
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      frozen.push(Object.isFrozen(value))
      Object.values(value).forEach(visit)
    }
    visit(parsed)
    expect(frozen.length).toBeGreaterThan(10)
    expect(frozen).not.toContain(false)
  })

  it('prints serial numbers as node:crypto does', async () => {
    const der = await issueDer({ cn: 'x' })
    for (const bytes of [[1], [0x7f, 1], [0, 0x80], [0, 0xff, 0xff], [1, 0, 0xff]]) {
      const edited = resign(der, (tbs) => {
        tbs.serialNumber = new Uint8Array(bytes).buffer
      })
      expect(parseCertificate(edited).serialNumber).toBe(toX509(edited).serialNumber)
    }
  })

  it('refuses a negative serial number, which would print like a positive one', async () => {
    const der = resign(await issueDer({ cn: 'x' }), (tbs) => {
      tbs.serialNumber = new Uint8Array([0xff]).buffer
    })
    expect(reasonOf(der)).toBe('malformed')
  })

  it('reads a certificate without subject alternative names', async () => {
    const parsed = parseCertificate(await issueDer({ cn: 'only' }))
    expect(parsed.names).toEqual({ uri: [], dns: [], email: [] })
    expect(parsed).not.toHaveProperty('spiffeId')
  })

  it('A05 accepts an X.509-SVID without subject', async () => {
    const parsed = parseCertificate(await issueDer({ uri: [spiffe] }))
    expect(parsed.subject).toEqual({
      text: '',
      commonNames: [],
      organizations: [],
      organizationalUnits: [],
    })
    expect(parsed.spiffeId?.text).toBe(spiffe)
  })
})

describe('encoding', () => {
  it('A02 refuses trailing bytes after the certificate', async () => {
    const der = await issueDer({ cn: 'x' })
    expect(reasonOf(Buffer.concat([der, Buffer.from([0x30, 0x00])]))).toBe('malformed')
    expect(reasonOf(Buffer.concat([der, Buffer.from([0x00])]))).toBe('malformed')
  })

  it('A02 refuses a non-minimal and an indefinite outer length', async () => {
    const der = await issueDer({ cn: 'x' })
    expect([...der.subarray(0, 2)]).toEqual([0x30, 0x82])
    const nonMinimal = [Buffer.from([0x30, 0x83, 0x00]), der.subarray(2)]
    const indefinite = [Buffer.from([0x30, 0x80]), der.subarray(4), Buffer.from([0x00, 0x00])]
    expect(reasonOf(Buffer.concat(nonMinimal))).toBe('malformed')
    expect(reasonOf(Buffer.concat(indefinite))).toBe('malformed')
  })

  const name = uriName('https://acme.test/x')
  it.each([
    ['indefinite length', Buffer.concat([Buffer.from([0x30, 0x80]), name, Buffer.alloc(2)])],
    ['non-minimal length', Buffer.concat([Buffer.from([0x30, 0x81, name.length]), name])],
    ['trailing bytes', Buffer.concat([sequence(name), Buffer.from([0x30, 0x00])])],
    ['a trailing byte', Buffer.concat([sequence(name), Buffer.from([0x00])])],
    ['non-minimal inner length', sequence(Buffer.from([0x86, 0x81, 0x01, 0x61]))],
    ['constructed string', sequence(element(0xa6, element(0x16, 'https://a')))],
    ['a set for a sequence', element(0x31, name)],
    ['truncation', sequence(name).subarray(0, -1)],
    ['nothing', Buffer.alloc(0)],
    ['no name', sequence()],
    ['an unknown kind of name', sequence(name, element(0x8a, 'x'))],
  ])('A02 refuses names encoded with %s', async (_, value) => {
    expect(reasonOf(await issueWithNames(value))).toBe('malformed')
  })

  it.each([
    [oid.basicConstraints, sequence(Buffer.from([0x01, 0x01, 0x00]))],
    [oid.basicConstraints, sequence(Buffer.from([0x01, 0x01, 0x01]))],
    [oid.basicConstraints, Buffer.concat([sequence(), Buffer.from([0x00])])],
    [oid.keyUsage, Buffer.from([0x03, 0x81, 0x02, 0x07, 0x80])],
    [oid.keyUsage, element(0x04, Buffer.from([0x80]))],
    [oid.extKeyUsage, element(0x31, Buffer.from('06082b06010505070302', 'hex'))],
  ])('A02 refuses extension %s not encoded as DER', async (id, value) => {
    expect(await reasonFor({ cn: 'x', extensions: [{ oid: id, value }] })).toBe('malformed')
  })

  it('A02 refuses deep nesting in the subject alternative name', async () => {
    expect(reasonOf(await issueWithNames(nest(30_000)))).toBe('malformed')
  })

  it.each([
    ['of known length', nest],
    ['of unknown length', (size: number) => Buffer.alloc(size, Buffer.from([0x30, 0x80]))],
  ])('A02 refuses deep nesting %s in linear time', (_, create) => {
    const run = (der: Buffer) => expect(reasonOf(der)).toBe('malformed')
    expectLinearTime({ size: 30_000, create, run })
  })

  it('A02 lets nothing but CertificateError escape, whatever byte is changed', async () => {
    const der = await issueDer({
      subject: 'CN=x, O=y',
      uri: [spiffe],
      dns: ['a.test'],
      ip: ['::1'],
    })
    const escaped: string[] = []
    for (let position = 0; position < der.length; position++) {
      const changed = Buffer.from(der)
      changed[position] = (der[position] ?? 0) ^ (1 << (position % 8))
      const reason = reasonOf(changed)
      if (reason.startsWith('escaped')) escaped.push(`${position}: ${reason}`)
    }
    expect(escaped).toEqual([])
  })

  it.each([0, 1, 2, 50, 300])('refuses the first %i bytes of a certificate', async (length) => {
    expect(reasonOf((await issueDer({ cn: 'x' })).subarray(0, length))).toBe('malformed')
  })

  it('A07 refuses an extension that occurs twice, known or not', async () => {
    const der = await issueDer({ cn: 'x', dns: ['a.test'] })
    const names = sequence(uriName(spiffe))
    expect(reasonOf(resign(der, addExtension(oid.subjectAltName, false, names)))).toBe('malformed')
    const once = resign(der, addExtension('1.2.3.4', false, names))
    expect(reasonOf(once)).toBe('accepted')
    expect(reasonOf(resign(once, addExtension('1.2.3.4', false, names)))).toBe('malformed')
  })

  it('A07 refuses an unknown critical extension', async () => {
    const value = sequence()
    const der = await issueDer({ cn: 'x' })
    expect(reasonOf(resign(der, addExtension('1.2.3.4', true, value)))).toBe('malformed')
    // Name constraints are for CA certificates; a leaf that carries them critically is not understood.
    expect(reasonOf(resign(der, addExtension(oid.nameConstraints, true, value)))).toBe('malformed')
    // Certificate policies are known: no policy is asked of a client.
    expect(reasonOf(resign(der, addExtension('2.5.29.32', true, value)))).toBe('accepted')
  })

  it('refuses extensions in a certificate of version 1, and reads one without', async () => {
    const der = await issueDer({ cn: 'old' })
    const mixed = resign(der, (tbs) => {
      tbs.version = 0
    })
    const old = resign(der, (tbs) => {
      tbs.version = 0
      delete tbs.extensions
    })
    expect(reasonOf(mixed)).toBe('malformed')
    expect(parseCertificate(old).subject.commonNames).toEqual(['old'])
  })

  it('A11 refuses a certificate of more than 32 KiB', async () => {
    const padding = (size: number) => ({ oid: '1.2.3.4', value: Buffer.alloc(size) })
    expect(await reasonFor({ cn: 'x', extensions: [padding(31_000)] })).toBe('accepted')
    expect(await reasonFor({ cn: 'x', extensions: [padding(32_768)] })).toBe('malformed')
  })

  it('A11 accepts 100 subject alternative names and refuses 101 of any kind', async () => {
    const dns = Array.from({ length: 100 }, (_, index) => `${index}.test`)
    expect(await reasonFor({ cn: 'x', dns })).toBe('accepted')
    expect(await reasonFor({ cn: 'x', dns, ip: ['127.0.0.1'] })).toBe('malformed')
  })
})

describe('leaf profile', () => {
  const extension = (id: string, value: Uint8Array) => ({ oid: id, critical: true, value })

  it.each([
    ['CA:TRUE', [extension(oid.basicConstraints, caTrue)]],
    [
      'CA:TRUE without key usage bits for it',
      [extension(oid.basicConstraints, caTrue), extension(oid.keyUsage, keyUsageValue(0x80))],
    ],
    ['keyCertSign', [extension(oid.keyUsage, keyUsageValue(0x84))]],
    ['cRLSign', [extension(oid.keyUsage, keyUsageValue(0x82))]],
  ])('A12 refuses a leaf with %s', async (_, extensions) => {
    expect(await reasonFor({ cn: 'x', extensions })).toBe('certificate-authority')
    expect(await reasonFor({ uri: [spiffe], extensions })).toBe('certificate-authority')
  })

  it.each([
    ['key agreement only', 0x08],
    ['key encipherment only', 0x20],
    ['no bit', 0x00],
  ])('A13 refuses a key usage with %s', async (_, bits) => {
    const extensions = [extension(oid.keyUsage, keyUsageValue(bits))]
    expect(await reasonFor({ cn: 'x', extensions })).toBe('key-usage')
  })

  const clientAuth = Buffer.from('06082b06010505070302', 'hex')
  const serverAuth = Buffer.from('06082b06010505070301', 'hex')
  const anyUsage = Buffer.from('0604551d2500', 'hex')
  it.each([
    ['clientAuth', [clientAuth], 'accepted'],
    ['serverAuth and clientAuth', [serverAuth, clientAuth], 'accepted'],
    ['anyExtendedKeyUsage and clientAuth', [anyUsage, clientAuth], 'accepted'],
    ['serverAuth', [serverAuth], 'key-usage'],
    ['anyExtendedKeyUsage', [anyUsage], 'key-usage'],
    ['nothing', [], 'key-usage'],
  ])('A13 judges an extended key usage of %s as OpenSSL does', async (_, purposes, verdict) => {
    const extensions = [{ oid: oid.extKeyUsage, value: sequence(...purposes) }]
    expect(await reasonFor({ cn: 'x', extensions })).toBe(verdict)
  })

  it('A13 accepts a certificate without extended key usage', async () => {
    const der = resign(await issueDer({ cn: 'x' }), (tbs) => {
      tbs.extensions = tbs.extensions?.filter(({ extnID }) => extnID !== oid.extKeyUsage) as never
    })
    expect(reasonOf(der)).toBe('accepted')
  })

  it.each([
    ['ec-p256', 'accepted'],
    ['ec-p384', 'accepted'],
    ['ed25519', 'accepted'],
    ['rsa-2048', 'accepted'],
    ['rsa-1024', 'weak-key'],
  ] as const)('A08 A32 reads the key from the DER: %s is %s', async (algorithm, verdict) => {
    expect(await reasonFor({ cn: 'x', algorithm })).toBe(verdict)
  })

  it.each([
    ['secp256k1', '1.2.840.10045.2.1', element(0x06, Buffer.from('2b8104000a', 'hex'))],
    ['P-192', '1.2.840.10045.2.1', element(0x06, Buffer.from('2a8648ce3d030101', 'hex'))],
    ['explicit curve parameters', '1.2.840.10045.2.1', sequence(element(0x02, '\x01'))],
    ['DSA', '1.2.840.10040.4.1', sequence()],
    ['X25519', '1.3.101.110', undefined],
  ])('A32 refuses a key on or of %s', async (_, algorithm, parameters) => {
    const der = resign(await issueDer({ cn: 'x' }), (tbs) => {
      tbs.subjectPublicKeyInfo.algorithm = new AlgorithmIdentifier({
        algorithm,
        ...(parameters && { parameters: new Uint8Array(parameters).buffer }),
      })
    })
    expect(reasonOf(der)).toBe('weak-key')
  })

  it.each([
    ['an RSASSA-PSS key of 2048 bits', 'rsa-pss', { modulusLength: 2048 }, 'accepted'],
    ['an RSASSA-PSS key of 2047 bits', 'rsa-pss', { modulusLength: 2047 }, 'weak-key'],
    ['an RSA key of 2047 bits', 'rsa', { modulusLength: 2047 }, 'weak-key'],
    ['a key on P-521', 'ec', { namedCurve: 'P-521' }, 'accepted'],
    ['an Ed448 key', 'ed448', undefined, 'accepted'],
  ] as const)('A08 A32 judges %s', async (_, kind, options, verdict) => {
    // The overloads of generateKeyPairSync have no member for a union of kinds.
    const { publicKey } = generateKeyPairSync(kind as 'rsa', options as { modulusLength: number })
    const spki = publicKey.export({ format: 'der', type: 'spki' })
    const der = resign(await issueDer({ cn: 'x' }), (tbs) => {
      tbs.subjectPublicKeyInfo = AsnConvert.parse(spki, SubjectPublicKeyInfo)
    })
    expect(reasonOf(der)).toBe(verdict)
  })

  it('refuses an RSA key that is none', async () => {
    const der = resign(await issueDer({ cn: 'x', algorithm: 'rsa-2048' }), (tbs) => {
      tbs.subjectPublicKeyInfo.subjectPublicKey = new Uint8Array(300).buffer
    })
    expect(reasonOf(der)).toBe('malformed')
  })

  const pss = (hash: string) =>
    sequence(element(0xa0, sequence(Buffer.from(`0609608648016503040${hash}`, 'hex'), '\x05\x00')))
  it.each([
    ['ecdsa-with-SHA1', '1.2.840.10045.4.1', undefined, 'weak-key'],
    ['sha1WithRSAEncryption', '1.2.840.113549.1.1.5', element(0x05), 'weak-key'],
    ['md5WithRSAEncryption', '1.2.840.113549.1.1.4', element(0x05), 'weak-key'],
    ['RSASSA-PSS with its default, SHA-1', '1.2.840.113549.1.1.10', sequence(), 'weak-key'],
    ['RSASSA-PSS without parameters', '1.2.840.113549.1.1.10', undefined, 'weak-key'],
    ['RSASSA-PSS with SHA-256', '1.2.840.113549.1.1.10', pss('201'), 'accepted'],
    ['RSASSA-PSS with SHA-384', '1.2.840.113549.1.1.10', pss('202'), 'accepted'],
    ['RSASSA-PSS with SHA-512', '1.2.840.113549.1.1.10', pss('203'), 'accepted'],
    [
      'RSASSA-PSS with parameters that hold SHA-256 elsewhere',
      '1.2.840.113549.1.1.10',
      sequence(element(0xa2, pss('201'))),
      'weak-key',
    ],
    ['RSASSA-PSS with SHA-224', '1.2.840.113549.1.1.10', pss('204'), 'weak-key'],
    ['sha256WithRSAEncryption', '1.2.840.113549.1.1.11', element(0x05), 'accepted'],
    ['sha384WithRSAEncryption', '1.2.840.113549.1.1.12', element(0x05), 'accepted'],
    ['sha512WithRSAEncryption', '1.2.840.113549.1.1.13', element(0x05), 'accepted'],
    ['sha224WithRSAEncryption', '1.2.840.113549.1.1.14', element(0x05), 'weak-key'],
    ['ecdsa-with-SHA224', '1.2.840.10045.4.3.1', undefined, 'weak-key'],
    ['ecdsa-with-SHA384', '1.2.840.10045.4.3.3', undefined, 'accepted'],
    ['ecdsa-with-SHA512', '1.2.840.10045.4.3.4', undefined, 'accepted'],
    ['Ed25519', '1.3.101.112', undefined, 'accepted'],
    ['Ed448', '1.3.101.113', undefined, 'accepted'],
    ['an unknown algorithm', '1.2.3.4', undefined, 'weak-key'],
  ])('A32 judges a signature by %s', async (_, algorithm, parameters, verdict) => {
    const der = resign(await issueDer({ cn: 'x' }), (tbs) => {
      tbs.signature = new AlgorithmIdentifier({
        algorithm,
        ...(parameters && { parameters: new Uint8Array(parameters).buffer }),
      })
    })
    expect(reasonOf(der)).toBe(verdict)
  })

  it('refuses a certificate that names two signature algorithms', async () => {
    const der = await issueDer({ cn: 'x' })
    const inner = Buffer.from(
      AsnConvert.serialize(new AlgorithmIdentifier({ algorithm: '1.2.840.10045.4.3.2' })),
    )
    const at = der.indexOf(inner)
    const changed = Buffer.from(der)
    changed[at + inner.length - 1] = 0x03
    expect(at).toBeGreaterThan(0)
    expect(reasonOf(changed)).toBe('malformed')
  })
})

describe('X.509-SVID', () => {
  it.each([
    ['two SPIFFE IDs', { uri: [spiffe, 'spiffe://acme.test/other'] }, 'spiffe-id'],
    ['the same SPIFFE ID twice', { uri: [spiffe, spiffe] }, 'spiffe-id'],
    ['another URI before it', { uri: ['https://acme.test/x', spiffe] }, 'spiffe-id'],
    ['another URI after it', { uri: [spiffe, 'https://acme.test/x'] }, 'spiffe-id'],
    ['a DNS name beside it', { uri: [spiffe], dns: ['a.test'] }, 'accepted'],
    ['several URIs and no SPIFFE ID', { uri: ['https://a.test/', 'urn:b'] }, 'accepted'],
  ])('A06 judges %s', async (_, names, verdict) => {
    expect(await reasonFor({ cn: 'x', ...names })).toBe(verdict)
  })

  it.each([
    'SPIFFE://td/a',
    'Spiffe://td/a',
    'spiffe://td/x#',
    'spiffe://td/x?',
    'spiffe://TD/a',
    'spiffe:td/a',
    'spiffe:',
    'spiffe://td/a/',
    'spiffe://td/a/../b',
    'spiffe://td/%61',
  ])('B01 refuses the URI name %s', async (uri) => {
    expect(await reasonFor({ cn: 'x', uri: [uri] })).toBe('spiffe-id')
  })

  it('B02 refuses the SPIFFE ID of a trust domain itself', async () => {
    expect(await reasonFor({ uri: ['spiffe://td'] })).toBe('spiffe-id')
    expect(await reasonFor({ uri: ['spiffe://td/'] })).toBe('spiffe-id')
  })

  const svid = async (change: Partial<CertificateRequest>) =>
    reasonFor({ uri: [spiffe], ...change })
  const usage = (bits: number, critical = true) => [
    { oid: oid.keyUsage, critical, value: keyUsageValue(bits) },
  ]
  it.each([
    ['accepts a sound one', {}, 'accepted'],
    ['refuses more than one URI', { uri: [spiffe, 'urn:x'] }, 'spiffe-id'],
    ['refuses a bad scheme', { uri: ['spiffe:/td/x'] }, 'spiffe-id'],
    ['refuses keyCertSign', { extensions: usage(0x84) }, 'certificate-authority'],
    ['refuses cRLSign', { extensions: usage(0x82) }, 'certificate-authority'],
    ['refuses a missing digitalSignature', { extensions: usage(0x08) }, 'key-usage'],
    ['refuses a key usage that is not critical', { extensions: usage(0x80, false) }, 'key-usage'],
    ['refuses a purpose other than client', { usage: 'server' }, 'key-usage'],
  ] as const)('B04 %s', async (_, change, verdict) => {
    expect(await svid(change)).toBe(verdict)
  })

  it('B04 refuses a missing key usage, which other certificates may lack', async () => {
    const without = (der: Buffer) =>
      resign(der, (tbs) => {
        tbs.extensions = tbs.extensions?.filter(({ extnID }) => extnID !== oid.keyUsage) as never
      })
    expect(reasonOf(without(await issueDer({ uri: [spiffe] })))).toBe('key-usage')
    expect(reasonOf(without(await issueDer({ uri: ['https://a.test/'] })))).toBe('accepted')
  })

  it('B04 takes a certificate without URI name for no X.509-SVID', async () => {
    expect(parseCertificate(await issueDer({ dns: [spiffe] }))).not.toHaveProperty('spiffeId')
  })
})

it('issues from a root that node:crypto accepts, so that refusals above are ours', async () => {
  const certificate = toX509(await issueDer({ cn: 'x' }))
  expect(certificate.verify(toX509(ca.certificate).publicKey)).toBe(true)
})
