import { createHash, X509Certificate } from 'node:crypto'
import { createCertificateAuthority } from '@mcp-mtls/authority'
import { beforeAll, describe, expect, it } from 'vitest'
import { TlsMaterialError } from '../../src/errors.js'
import { parseCertificate } from '../../src/identity/parse-certificate.js'
import { isDenied, parseDenyList } from '../../src/tls/deny-list.js'

let raw: Buffer
let serial: string
let spiffe: ReturnType<typeof parseCertificate>
let named: ReturnType<typeof parseCertificate>
beforeAll(async () => {
  const ca = await createCertificateAuthority({ name: 'Test CA' })
  const svid = await ca.issue({ usage: 'client', uri: ['spiffe://acme.test/ns/a'] })
  const other = await ca.issue({
    usage: 'client',
    cn: 'Reader, the first',
    uri: ['https://acme.test/a'],
    dns: ['Client.acme.test'],
    email: ['reader@acme.test'],
  })
  const certificate = new X509Certificate(svid.certificate)
  raw = certificate.raw
  serial = certificate.serialNumber
  spiffe = parseCertificate(raw)
  named = parseCertificate(new X509Certificate(other.certificate).raw)
})

const denies = (line: string, certificate = spiffe): boolean =>
  isDenied(parseDenyList(`${line}\n`, 'deny.txt'), certificate)

describe('a deny list', () => {
  it('names a certificate by its thumbprint, in base64url or as OpenSSL prints it', () => {
    const hash = createHash('sha256').update(raw)
    const hexadecimal = hash.copy().digest('hex').toUpperCase()
    for (const text of [
      hash.copy().digest('base64url'),
      hexadecimal,
      hexadecimal.toLowerCase(),
      hexadecimal.replace(/..(?=.)/g, '$&:'),
    ]) {
      expect(denies(`thumbprint ${text}`)).toBe(true)
      expect(denies(`thumbprint ${text}`, named)).toBe(false)
    }
  })

  it('names a certificate by its serial number, of any issuer or of one', () => {
    for (const text of [
      serial,
      serial.toLowerCase(),
      `00${serial}`,
      serial.replace(/..(?=.)/g, '$&:'),
    ]) {
      expect(denies(`serial ${text}`)).toBe(true)
    }
    expect(denies(`serial ${serial} CN=Test CA`)).toBe(true)
    expect(denies(`serial ${serial} CN=Other CA`)).toBe(false)
    expect(denies(`serial ${serial}0`)).toBe(false)
    expect(denies(`serial ${serial}`, named)).toBe(false)
  })

  it('names an identity', () => {
    expect(denies('spiffe spiffe://acme.test/ns/a')).toBe(true)
    expect(denies('spiffe spiffe://acme.test/ns/ab')).toBe(false)
    expect(denies('spiffe spiffe://acme.test/ns')).toBe(false)
    expect(denies('uri https://acme.test/a', named)).toBe(true)
    expect(denies('uri https://acme.test/A', named)).toBe(false)
    expect(denies('dns CLIENT.acme.test', named)).toBe(true)
    expect(denies('dns acme.test', named)).toBe(false)
    expect(denies('email Reader@acme.test', named)).toBe(true)
    expect(denies('cn Reader, the first', named)).toBe(true)
    expect(denies('cn Reader', named)).toBe(false)
  })

  it('passes over comments and empty lines, and denies nobody where it says no more', () => {
    const text = '# nobody\r\n\n  # nor here\n'
    expect(parseDenyList(text, 'deny.txt').entries.size).toBe(0)
    expect(isDenied(parseDenyList(text, 'deny.txt'), spiffe)).toBe(false)
    expect(denies('# why\r\nspiffe spiffe://acme.test/ns/a\r')).toBe(true)
  })

  it.each([
    ['nothing', '', 'the deny list is empty'],
    ['white space', ' \n\n', 'the deny list is empty'],
    ['a last line without an end', 'dns a.test\ndns b.te', 'no line break'],
    ['an unknown kind', '# list\nname a.test\n', 'deny.txt line 2: an entry is one of thumbprint,'],
    ['a kind in other letters', 'DNS a.test\n', 'an entry is one of'],
    ['a kind alone', 'dns\n', 'an entry is one of'],
    ['a thumbprint cut short', 'thumbprint 00ff\n', 'line 1: no thumbprint as it should be'],
    ['a SHA-1 fingerprint', `thumbprint ${'ab'.repeat(20)}\n`, 'no thumbprint'],
    ['a serial number in decimal words', 'serial 0x12\n', 'no serial'],
    ['a pattern of SPIFFE IDs', 'spiffe spiffe://acme.test/**\n', 'no spiffe'],
    ['a SPIFFE ID under uri', 'uri spiffe://acme.test/a\n', 'no uri'],
    ['a URI without scheme', 'uri acme.test/a\n', 'no uri'],
    ['a pattern of URIs', 'uri https://acme.test/*\n', 'no uri'],
    ['a pattern of DNS names', 'dns *.acme.test\n', 'no dns'],
    ['two names on one line', 'dns a.test b.test\n', 'no dns'],
    ['a comment behind an entry', 'dns a.test # gone\n', 'comments stand on lines of their own'],
  ])('is refused with %s', (_, text, problem) => {
    expect(() => parseDenyList(text, 'deny.txt')).toThrow(TlsMaterialError)
    expect(() => parseDenyList(text, 'deny.txt')).toThrow(problem)
  })
})
