import { X509Certificate as NodeCertificate } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  type CertificateAuthority,
  type CertificateRequest,
  createCertificateAuthority,
  type KeyAlgorithm,
} from '../src/index.js'
import {
  BasicConstraintsExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
} from '../src/x509.js'

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const SAN = '2.5.29.17'

let ca: CertificateAuthority
beforeAll(async () => {
  ca = await createCertificateAuthority({ name: 'Test CA' })
})

async function issue(request: CertificateRequest) {
  const issued = await ca.issue(request)
  return {
    issued,
    node: new NodeCertificate(issued.certificate),
    parsed: new X509Certificate(issued.certificate),
  }
}

const extension = (certificate: X509Certificate, oid: string): Extension | undefined =>
  certificate.extensions.find((one) => one.type === oid)

describe('a leaf certificate', () => {
  it('is verified by its CA, and by no other of the same name', async () => {
    const { node } = await issue({ usage: 'client', cn: 'reader' })
    const own = new NodeCertificate(ca.certificate)
    const other = new NodeCertificate(
      (await createCertificateAuthority({ name: 'Test CA' })).certificate,
    )
    expect(node.checkIssued(own)).toBe(true)
    expect(node.verify(own.publicKey)).toBe(true)
    expect(node.checkIssued(other)).toBe(false)
    expect(node.verify(other.publicKey)).toBe(false)
  })

  it('comes with its own key', async () => {
    const first = await issue({ usage: 'client', cn: 'reader' })
    const second = await issue({ usage: 'client', cn: 'reader' })
    expect(first.issued.key).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
    const { createPrivateKey } = await import('node:crypto')
    expect(first.node.checkPrivateKey(createPrivateKey(first.issued.key))).toBe(true)
    expect(first.node.checkPrivateKey(createPrivateKey(second.issued.key))).toBe(false)
  })

  it('cannot issue: critical basic constraints without CA, and digital signature alone', async () => {
    const { node, parsed } = await issue({ usage: 'server', dns: ['localhost'] })
    expect(node.ca).toBe(false)
    expect(parsed.getExtension(BasicConstraintsExtension)).toMatchObject({
      ca: false,
      critical: true,
    })
    expect(parsed.getExtension(KeyUsagesExtension)).toMatchObject({
      usages: KeyUsageFlags.digitalSignature,
      critical: true,
    })
  })

  it.each([
    ['client', CLIENT_AUTH],
    ['server', SERVER_AUTH],
  ] as const)('says %s in its extended key usage and nothing else', async (usage, oid) => {
    const { node } = await issue({ usage, cn: 'reader' })
    expect(node.keyUsage).toEqual([oid])
  })

  it('carries every kind of name', async () => {
    const { node } = await issue({
      usage: 'server',
      uri: ['spiffe://acme.test/a'],
      dns: ['a.test', '*.b.test'],
      email: ['a@acme.test'],
      ip: ['127.0.0.1', '::1'],
    })
    expect(node.subjectAltName).toBe(
      'URI:spiffe://acme.test/a, DNS:a.test, DNS:*.b.test, email:a@acme.test, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    )
  })

  it.each([
    ['critical without a subject', {}, true],
    ['not critical beside a subject', { cn: 'reader' }, false],
  ])('has alternative names that are %s', async (_what, subject, critical) => {
    const { parsed } = await issue({ usage: 'client', uri: ['spiffe://acme.test/a'], ...subject })
    expect(extension(parsed, SAN)?.critical).toBe(critical)
  })

  it('has no alternative names where none are asked for', async () => {
    const { parsed } = await issue({ usage: 'client', cn: 'reader' })
    expect(parsed.getExtension(SubjectAlternativeNameExtension)).toBeNull()
  })

  it('has a positive serial number of sixteen bytes, a new one each time', async () => {
    const serials = await Promise.all(
      Array.from({ length: 20 }, async () => (await issue({ usage: 'client' })).node.serialNumber),
    )
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/)
    expect(new Set(serials).size).toBe(serials.length)
  })

  it('presents itself alone below a root', async () => {
    const { issued } = await issue({ usage: 'client', cn: 'reader' })
    expect(issued.chain).toBe(issued.certificate)
  })
})

describe('the subject of a leaf certificate', () => {
  it.each(['reader', 'a, b+c', '"quoted" \\ #1', '#0403', 'Zoë'])(
    'takes the common name %s literally',
    async (cn) => {
      const { parsed } = await issue({ usage: 'client', cn })
      expect(parsed.subjectName.getField('CN')).toEqual([cn])
    },
  )

  it('can hold several attributes, in the order written', async () => {
    const { node } = await issue({ usage: 'client', subject: 'O=Acme, OU=agents, CN=a, CN=b' })
    expect(node.subject).toBe('O=Acme\nOU=agents\nCN=a\nCN=b')
  })

  it('refuses cn and subject together', async () => {
    await expect(issue({ usage: 'client', cn: 'a', subject: 'CN=b' })).rejects.toThrow(/not both/)
  })

  it('refuses text that holds no attribute', async () => {
    await expect(issue({ usage: 'client', subject: 'reader' })).rejects.toThrow(/is no name/)
  })
})

describe('the validity of a leaf certificate', () => {
  it('is one hour ago to thirty days from now', async () => {
    const { node } = await issue({ usage: 'client', cn: 'a' })
    const hours = (text: string) => Math.round((Date.parse(text) - Date.now()) / 3_600_000)
    expect([hours(node.validFrom), hours(node.validTo)]).toEqual([-1, 30 * 24])
  })

  it('is as asked for, in whole seconds, also beyond 2050', async () => {
    const { parsed } = await issue({
      usage: 'client',
      notBefore: new Date('2020-01-01T00:00:00.999Z'),
      notAfter: new Date('2099-01-01T00:00:00.999Z'),
    })
    expect(parsed.notBefore.toISOString()).toBe('2020-01-01T00:00:00.000Z')
    expect(parsed.notAfter.toISOString()).toBe('2099-01-01T00:00:00.000Z')
  })

  it.each([{ days: 0 }, { days: Number.NaN }, { notAfter: new Date(Number.NaN) }])(
    'refuses %o',
    async (validity) => {
      await expect(issue({ usage: 'client', ...validity })).rejects.toThrow(RangeError)
    },
  )
})

describe('the key of a leaf certificate', () => {
  const kinds: readonly [KeyAlgorithm, string, Record<string, unknown>][] = [
    ['ec-p256', 'ec', { namedCurve: 'prime256v1' }],
    ['ec-p384', 'ec', { namedCurve: 'secp384r1' }],
    ['rsa-2048', 'rsa', { modulusLength: 2048 }],
    ['rsa-1024', 'rsa', { modulusLength: 1024 }],
    ['ed25519', 'ed25519', {}],
  ]
  it.each(kinds)('can be %s', async (algorithm, type, details) => {
    const { node } = await issue({ usage: 'client', cn: 'a', algorithm })
    expect(node.publicKey.asymmetricKeyType).toBe(type)
    expect(node.publicKey.asymmetricKeyDetails).toMatchObject(details)
    expect(node.verify(new NodeCertificate(ca.certificate).publicKey)).toBe(true)
  })

  it('may encipher keys only if it is RSA', async () => {
    const { parsed } = await issue({ usage: 'server', cn: 'a', algorithm: 'rsa-2048' })
    expect(parsed.getExtension(KeyUsagesExtension)?.usages).toBe(
      KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment,
    )
  })
})

describe('raw extensions', () => {
  const value = Uint8Array.of(0x30, 0x00)

  it('replace the generated extension of their OID', async () => {
    const { parsed } = await issue({
      usage: 'client',
      uri: ['spiffe://acme.test/a'],
      extensions: [{ oid: SAN, value }],
    })
    const all = parsed.extensions.filter((one) => one.type === SAN)
    expect(all.map((one) => [one.critical, Buffer.from(one.value).toString('hex')])).toEqual([
      [false, '3000'],
    ])
  })

  it('are encoded twice when given twice, critical as asked', async () => {
    const { parsed } = await issue({
      usage: 'client',
      extensions: [
        { oid: '1.2.3.4', critical: true, value },
        { oid: '1.2.3.4', value },
      ],
    })
    const all = parsed.extensions.filter((one) => one.type === '1.2.3.4')
    expect(all.map((one) => one.critical)).toEqual([true, false])
  })
})
