import { X509Certificate } from 'node:crypto'
import { createCertificateAuthority } from '@mcp-mtls/authority'
import { beforeAll, describe, expect, it } from 'vitest'
import { TlsMaterialError } from '../../src/errors.js'
import { parseCertificate } from '../../src/identity/parse-certificate.js'
import { isDenied, parseDenyList } from '../../src/tls/deny-list.js'

type Certificate = ReturnType<typeof parseCertificate>

let x509: X509Certificate
let lost: Certificate
beforeAll(async () => {
  const ca = await createCertificateAuthority({ name: 'Root CA' })
  const issued = await ca.issue({
    usage: 'client',
    cn: 'lost laptop',
    uri: ['https://Host.test/a%2fb', 'urn:uuid:F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6'],
    dns: ['a.test', 'B.test.'],
    email: ['Lost@a.test'],
  })
  x509 = new X509Certificate(issued.certificate)
  lost = parseCertificate(x509.raw)
})

/** Whether a line denies, or the message it is refused with. */
function judge(line: string, certificate: Certificate): boolean | string {
  try {
    return isDenied(parseDenyList(`${line}\n`, 'deny.txt'), certificate)
  } catch (error) {
    if (error instanceof TlsMaterialError) return error.message
    throw error
  }
}

/** SERIAL, PAIRS, DECIMAL and PRINT stand for what the certificate has. */
function fill(line: string): string {
  const { serialNumber } = x509
  return line
    .replace('SERIAL', serialNumber)
    .replace('PAIRS', serialNumber.toLowerCase().replace(/..(?=.)/g, '$&:'))
    .replace('DECIMAL', BigInt(`0x${serialNumber}`).toString())
    .replace('PRINT', x509.fingerprint256)
}

describe('a line of a deny list', () => {
  it.each([
    'serial serial=SERIAL',
    'serial Serial Number: PAIRS',
    'serial 000SERIAL',
    'serial SERIAL CN = Root CA',
    'serial SERIAL cn=root  ca',
    'serial SERIAL issuer=CN = Root CA',
    'serial SERIAL issuer=CN=Root CA',
    'serial PAIRS Issuer: CN = Root CA',
    'serial SERIAL CN="Root CA"',
    'serial SERIAL 2.5.4.3=#0c07526f6f74204341',
    'thumbprint sha256 Fingerprint=PRINT',
    'thumbprint SHA256 Fingerprint=PRINT',
    'thumbprint PRINT',
    'dns a.test.',
    'dns A.TEST',
    'dns b.test',
    'email LOST@A.test',
    'uri HTTPS://HOST.test/a%2Fb',
    'uri urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
    'cn lost laptop',
    'cn  lost\t laptop ',
    'cn Lost Laptop',
  ])('A29 denies the certificate in another spelling: %s', (line) => {
    expect(judge(fill(line), lost)).toBe(true)
  })

  it.each([
    ['serial SERIAL # stolen laptop', 'comments stand on lines of their own'],
    ['serial SERIAL #stolen', 'comments stand on lines of their own'],
    ['thumbprint PRINT # gone', 'comments stand on lines of their own'],
    ['spiffe spiffe://acme.test/a # gone', 'comments stand on lines of their own'],
    ['uri https://host.test/a # gone', 'comments stand on lines of their own'],
    ['dns a.test # gone', 'comments stand on lines of their own'],
    ['email lost@a.test # gone', 'comments stand on lines of their own'],
    ['cn lost laptop # gone', 'comments stand on lines of their own'],
    ['cn lost laptop\t# gone', 'comments stand on lines of their own'],
    ['cn lost\u200b laptop', 'invisible'],
    ['cn Andr\ufffd', 'UTF-8'],
    ['# nobody\rcn lost laptop', 'control character'],
    ['# nobody\u2028cn lost laptop', 'control character'],
    ['serial SERIAL stolen laptop', 'serial 0A:1B:2C CN=Issuing CA'],
    ['serial SERIAL,', 'no serial'],
    ['serial SERIAL "CN=Root CA"', 'no serial'],
    ['serial SERIAL /CN=Root CA', 'no serial'],
    ['serial SERIAL CN=Root CA O=Acme', 'no serial'],
    ['serial SERIAL CN=Root CA/emailAddress=ca@a.test', 'no serial'],
    ['serial SERIAL CN=Root CA;O=Acme', 'no serial'],
    ['serial SERIAL CN=Root CA,', 'no serial'],
    ['serial SERIAL CN=', 'no serial'],
    ['serial SERIAL CN="Root CA', 'no serial'],
    ['serial SERIAL CN=#1', 'no serial'],
    ['serial SERIAL CN=Root\\ CA\\xx', 'no serial'],
    ['serial SERIAL CN=Root \\C3 CA', 'no serial'],
    ['serial SERIAL FOO=Root CA', 'no serial'],
    ['serial DECIMAL', 'with colons'],
    ['serial 4096 (0x1000)', 'no serial'],
    ['serial 0xSERIAL', 'no serial'],
    ['serial 7 5 d 8', 'no serial'],
    ['serial 75:d', 'no serial'],
    [`serial ${'ab'.repeat(21)}`, 'no serial'],
    ['thumbprint sha1 Fingerprint=PRINT', 'no thumbprint'],
    ['thumbprint "PRINT"', 'no thumbprint'],
    ['spiffe SPIFFE://acme.test/a', 'no spiffe'],
    ['spiffe spiffe://Acme.test/a', 'no spiffe'],
    ['spiffe spiffe://acme.test', 'no spiffe'],
    ['uri URI:https://host.test/a', 'no uri'],
    ['uri https://host.test/a,', 'no uri'],
    ['uri https://host.test/"a"', 'no uri'],
    ['dns DNS:a.test', 'no dns'],
    ['dns a.test,', 'no dns'],
    ['dns .a.test', 'no dns'],
    ['dns a..test', 'no dns'],
    ['dns "a.test"', 'no dns'],
    ['dns a.test:443', 'no dns'],
    ['dns 10.0.0.1', 'no dns'],
    ['email email:lost@a.test', 'no email'],
    ['email mailto:lost@a.test', 'no email'],
    ['email <lost@a.test>', 'no email'],
    ['email lost', 'no email'],
    ['email @a.test', 'no email'],
    ['email *@a.test', 'no email'],
    ['cn "lost laptop"', 'without quotes'],
    ["cn 'lost laptop'", 'without quotes'],
    ['cn \u201clost laptop\u201d', 'without quotes'],
    ['cn CN=lost laptop', 'no cn'],
    ['cn subject=CN = lost laptop', 'no cn'],
    ['cn lost laptop, O = Acme', 'no cn'],
    ['cn lost\\ laptop', 'no cn'],
    ['cn lost*', 'no cn'],
    ['cn lost laptop,', 'no cn'],
  ])('A29 is refused rather than left without effect: %s', (line, problem) => {
    const verdict = judge(fill(line), lost)
    expect(verdict).toContain(problem)
    expect(verdict).toContain('deny.txt line 1')
  })

  it('A29 with another issuer leaves the certificate alone', () => {
    for (const issuer of ['CN=Root', 'O=Root CA', 'CN=Root CA,O=Acme', 'CN = Root CAA']) {
      expect(judge(`serial ${x509.serialNumber} ${issuer}`, lost)).toBe(false)
    }
  })

  it('A29 keeps the case of a path, and what stands at the end of a name', () => {
    for (const line of ['uri https://host.test/A%2fb', 'cn lost laptop 2', 'dns a.test.b']) {
      expect(judge(line, lost)).toBe(false)
    }
  })
})
