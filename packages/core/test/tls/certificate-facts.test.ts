import { X509Certificate } from 'node:crypto'
import { createCertificateAuthority } from '@mcp-mtls/authority'
import { expect, it } from 'vitest'
import { nameCertificate } from '../../src/tls/certificate-facts.js'

it('names a certificate by its subject, and one without a subject by its serial number', async () => {
  const ca = await createCertificateAuthority({ name: 'Test CA' })
  const issue = async (subject: string | undefined) => {
    const names = { dns: ['a.test'], ...(subject !== undefined && { subject }) }
    return new X509Certificate((await ca.issue({ usage: 'server', ...names })).certificate)
  }
  const named = await issue('CN=a, O=Acme')
  const bare = await issue(undefined)
  expect(nameCertificate(named)).toBe('CN=a, O=Acme')
  expect(nameCertificate(bare)).toBe(`serial number ${bare.serialNumber}`)
})
