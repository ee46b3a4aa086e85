import { execFileSync, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createCertificateAuthority } from '../src/create-certificate-authority.js'
import { createRevocationList } from '../src/create-revocation-list.js'

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
const reason = hasOpenssl ? '' : ' (skipped: openssl is not on PATH)'

function openssl(name: string, text: string, args: readonly string[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'mcp-mtls-crl-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, name)
  writeFileSync(file, text)
  return execFileSync('openssl', ['crl', '-in', file, '-noout', ...args], { encoding: 'utf8' })
}

describe.runIf(hasOpenssl)(`a list of createRevocationList${reason}`, () => {
  it('is read by OpenSSL, with the serial numbers, dates and number asked for', async () => {
    const ca = await createCertificateAuthority({ name: 'Test CA' })
    const one = await ca.issue({ usage: 'client', cn: 'one' })
    const list = await createRevocationList(ca, {
      revoked: [one.certificate, '7f01'],
      thisUpdate: new Date('2026-01-02T03:04:05Z'),
      nextUpdate: new Date('2026-02-03T04:05:06Z'),
      number: 200,
    })
    const text = openssl('list.pem', list, ['-text'])
    expect(text).toContain(`Serial Number: ${new X509Certificate(one.certificate).serialNumber}`)
    expect(text).toContain('Serial Number: 7F01')
    expect(text).toContain('Last Update: Jan  2 03:04:05 2026 GMT')
    expect(text).toContain('Next Update: Feb  3 04:05:06 2026 GMT')
    expect(text).toMatch(/X509v3 CRL Number:\s+200\n/)
  })

  it('may be empty', async () => {
    const list = await createRevocationList(await createCertificateAuthority())
    expect(openssl('list.pem', list, ['-text'])).toContain('No Revoked Certificates')
  })
})

describe('createRevocationList', () => {
  it('refuses an entry that is neither PEM nor hexadecimal, and a number that is none', async () => {
    const ca = await createCertificateAuthority()
    await expect(createRevocationList(ca, { revoked: ['serial'] })).rejects.toThrow(TypeError)
    await expect(createRevocationList(ca, { number: -1 })).rejects.toThrow(RangeError)
  })
})
