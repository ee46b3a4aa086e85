import { createPrivateKey, X509Certificate as NodeCertificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createCertificateAuthority, openCertificateAuthority } from '../src/index.js'
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate,
} from '../src/x509.js'

const blocks = (pem: string) => pem.match(/-----BEGIN CERTIFICATE-----/g)?.length ?? 0

describe('createCertificateAuthority', () => {
  it('makes a self-signed root that may sign certificates and CRLs', async () => {
    const ca = await createCertificateAuthority()
    const node = new NodeCertificate(ca.certificate)
    const parsed = new X509Certificate(ca.certificate)
    expect(node.ca).toBe(true)
    expect(node.checkIssued(node)).toBe(true)
    expect(node.verify(node.publicKey)).toBe(true)
    expect(node.checkPrivateKey(createPrivateKey(ca.key))).toBe(true)
    expect(parsed.getExtension(BasicConstraintsExtension)?.critical).toBe(true)
    expect(parsed.getExtension(KeyUsagesExtension)).toMatchObject({
      usages: KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign,
      critical: true,
    })
    expect(ca.chain).toBe('')
  })

  it('takes a name, a path length and a validity', async () => {
    const notAfter = new Date('2031-01-01T00:00:00Z')
    const ca = await createCertificateAuthority({ name: 'Acme, "Root"', pathLength: 1, notAfter })
    const parsed = new X509Certificate(ca.certificate)
    expect(parsed.subjectName.getField('CN')).toEqual(['Acme, "Root"'])
    expect(parsed.getExtension(BasicConstraintsExtension)?.pathLength).toBe(1)
    expect(parsed.notAfter).toEqual(notAfter)
  })
})

describe('an intermediate', () => {
  it('is issued by its parent and presented with what it issues', async () => {
    const root = await createCertificateAuthority({ name: 'Root' })
    const upper = await root.child({ name: 'Upper' })
    const lower = await upper.child({ name: 'Lower', pathLength: 0 })
    const leaf = await lower.issue({ usage: 'client', cn: 'reader' })
    const certificate = (pem: string) => new NodeCertificate(pem)
    expect(certificate(upper.certificate).verify(certificate(root.certificate).publicKey)).toBe(
      true,
    )
    expect(certificate(lower.certificate).verify(certificate(upper.certificate).publicKey)).toBe(
      true,
    )
    expect(certificate(leaf.certificate).checkIssued(certificate(lower.certificate))).toBe(true)
    expect(lower.chain).toBe(lower.certificate + upper.certificate)
    expect(leaf.chain).toBe(leaf.certificate + lower.certificate + upper.certificate)
    expect(blocks(leaf.chain)).toBe(3)
  })
})

describe('openCertificateAuthority', () => {
  it('continues a root', async () => {
    const ca = await createCertificateAuthority()
    const opened = await openCertificateAuthority({ certificate: ca.certificate, key: ca.key })
    const leaf = new NodeCertificate((await opened.issue({ usage: 'client', cn: 'a' })).certificate)
    const root = new NodeCertificate(ca.certificate)
    expect(opened.chain).toBe('')
    expect(opened.certificate).toBe(ca.certificate)
    expect(leaf.checkIssued(root) && leaf.verify(root.publicKey)).toBe(true)
  })

  it('continues an intermediate, leaving the root out of its chain', async () => {
    const root = await createCertificateAuthority()
    const intermediate = await root.child()
    const certificate = intermediate.certificate + root.certificate
    const opened = await openCertificateAuthority({ certificate, key: intermediate.key })
    expect(opened.chain).toBe(intermediate.chain)
  })

  it('refuses a key of another CA', async () => {
    const [one, other] = await Promise.all([
      createCertificateAuthority(),
      createCertificateAuthority(),
    ])
    await expect(
      openCertificateAuthority({ certificate: one.certificate, key: other.key }),
    ).rejects.toThrow('the key is not the key of the CA certificate')
  })

  it('refuses a leaf as a CA', async () => {
    const leaf = await (await createCertificateAuthority()).issue({ usage: 'client', cn: 'a' })
    await expect(openCertificateAuthority(leaf)).rejects.toThrow(/is not that of a CA/)
  })

  it('refuses text without a certificate, a broken one, and an encrypted key', async () => {
    const { certificate, key } = await createCertificateAuthority()
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
    const encrypted = createPrivateKey(key).export({
      format: 'pem',
      type: 'pkcs8',
      cipher: 'aes-256-cbc',
      passphrase: 'secret',
    })
    await expect(openCertificateAuthority({ certificate: '', key })).rejects.toThrow(
      /no certificate/,
    )
    await expect(openCertificateAuthority({ certificate: broken, key })).rejects.toThrow(
      /cannot be read/,
    )
    await expect(
      openCertificateAuthority({ certificate, key: encrypted.toString() }),
    ).rejects.toThrow(/no unencrypted private key/)
  })
})

describe('the root of a chain of many signatures', () => {
  it('encodes every signature so that it verifies', async () => {
    const ca = await createCertificateAuthority()
    const { publicKey } = new NodeCertificate(ca.certificate)
    const leaves = await Promise.all(
      Array.from({ length: 64 }, () => ca.issue({ usage: 'client', cn: 'a' })),
    )
    for (const { certificate } of leaves) {
      expect(new NodeCertificate(certificate).verify(publicKey)).toBe(true)
    }
  })
})
