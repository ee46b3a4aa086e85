import { execFileSync, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCertificateAuthority } from '@mcp-mtls/authority'
import {
  AttributeTypeAndValue,
  AttributeValue,
  Name,
  RelativeDistinguishedName,
} from '@peculiar/asn1-x509'
import * as fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { TlsMaterialError } from '../../src/errors.js'
import { readDistinguishedName } from '../../src/identity/distinguished-name.js'
import { parseCertificate } from '../../src/identity/parse-certificate.js'
import { isDenied, parseDenyList } from '../../src/tls/deny-list.js'
import { toIssuerKey } from '../../src/tls/deny-list-issuer.js'

type Certificate = ReturnType<typeof parseCertificate>

/** Whether a line denies, or the message it is refused with. */
function judge(line: string, certificate: Certificate): boolean | string {
  try {
    return isDenied(parseDenyList(`${line}\n`, 'deny.txt'), certificate)
  } catch (error) {
    if (error instanceof TlsMaterialError) return error.message
    throw error
  }
}

const hasOpenssl = spawnSync('openssl', ['version']).status === 0

/** A client certificate that OpenSSL makes, issued by itself: every kind of attribute, in this order. */
function createWithOpenssl(subject: readonly string[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'mcp-mtls-deny-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const config = join(directory, 'req.cnf')
  const settings = ['[req]', 'distinguished_name=dn', 'prompt=no', 'x509_extensions=v3']
  const extensions = ['[v3]', 'basicConstraints=CA:FALSE', 'extendedKeyUsage=clientAuth']
  writeFileSync(config, [...settings, ...extensions, '[dn]', ...subject, ''].join('\n'))
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc']
  const output = ['-keyout', join(directory, 'key.pem'), '-config', config, '-utf8']
  return execFileSync('openssl', ['req', '-x509', ...key, ...output], { stdio: 'pipe' }).toString()
}

function print(pem: string, ...options: readonly string[]): string {
  const args = ['x509', '-noout', ...options]
  return execFileSync('openssl', args, { input: pem }).toString().replace(/\n$/, '')
}

function printSerial(pem: string): string {
  return `serial ${print(pem, '-serial')}`
}

/** What a certificate's issuer is printed as, on one line. */
function printIssuers(pem: string): readonly string[] {
  const lines = new X509Certificate(pem).issuer.split('\n')
  const styles = ['RFC2253', 'oneline', 'oneline,-esc_msb', 'RFC2253,sep_comma_plus_space']
  return [
    print(pem, '-issuer'),
    ...styles.map((style) => print(pem, '-issuer', '-nameopt', style)),
    lines.join(', '),
    lines.toReversed().join(','),
    parseCertificate(new X509Certificate(pem).raw).issuer.text,
  ]
}

describe('an issuer', () => {
  it('A29 has a key to be compared under, whatever it is called', async () => {
    const value = fc.string({ unit: 'binary', minLength: 1 })
    await fc.assert(
      fc.property(fc.oneof(value, fc.constantFrom(' ', '\u00a0', 'a ', '=')), (text) => {
        fc.pre(!/[\p{Cc}\p{Cs}\ufffd]/u.test(text))
        const name = readDistinguishedName(toName(text))
        expect(toIssuerKey(name.text)).toBeTypeOf('string')
        expect(toIssuerKey(name.text)).not.toBe(toIssuerKey(`${name.text}x`))
      }),
    )
  })
})

function toName(text: string): Name {
  const value = new AttributeValue({ utf8String: text })
  return new Name([
    new RelativeDistinguishedName([new AttributeTypeAndValue({ type: '2.5.4.3', value })]),
  ])
}

describe.skipIf(!hasOpenssl)('a line with what OpenSSL prints', () => {
  it('A29 denies by a serial number and an issuer with every kind of attribute', () => {
    const types =
      `O OU CN title street initials description postalCode businessCategory pseudonym name GN SN L ST
      UID organizationIdentifier generationQualifier 0.1.3.6.1.4.1.99999.7`.split(/\s+/)
    const values = types.map((type, index) => `${type}=v${index}, "André" + <B\\\\>`)
    const ascii = ['C=DE', 'DC=acme', 'emailAddress=ca@a.test', 'serialNumber=7', 'dnQualifier=q']
    const pem = createWithOpenssl([...ascii, ...values, '+OU=Ops'])
    const certificate = parseCertificate(new X509Certificate(pem).raw)
    for (const issuer of printIssuers(pem)) {
      expect([issuer, judge(`${printSerial(pem)} ${issuer}`, certificate)]).toEqual([issuer, true])
    }
  })

  it('A29 denies or is refused, whatever the certificate is called', async () => {
    await fc.assert(
      fc.asyncProperty(anyName, anyName, async (ca, cn) => {
        const pem = await issue(ca, cn)
        fc.pre(pem !== undefined)
        const certificate = parseCertificate(new X509Certificate(pem ?? '').raw)
        expect(judge(printSerial(pem ?? ''), certificate)).toBe(true)
        for (const line of toLines(pem ?? '').flatMap(withTails)) {
          const denied = judge(line, certificate)
          expect({ line, denied }).not.toMatchObject({ denied: false })
        }
      }),
      { numRuns: 10 },
    )
    // Ten processes a run, on a machine that may be busy.
  }, 60_000)
})

/** What stands behind a name makes another name of it if it is a word, but of no other value. */
function withTails(line: string): readonly string[] {
  const isName = /^(?:cn|serial \S+ \S)/.test(line)
  return ['', ' # gone', ',', ...(isName ? [] : [' gone'])].map((tail) => line + tail)
}

const pieces = [...'aB "\\,+=;/\'<é\u00a0', ' #', 'CN=']
const anyName = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
  fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 8 }).map((all) => all.join('')),
  fc.constantFrom('Root CA', 'Reader, the first', 'C++', 'André', '#1', ' a', 'a '),
)

async function issue(ca: string, cn: string): Promise<string | undefined> {
  try {
    const authority = await createCertificateAuthority({ name: ca })
    const names = { uri: ['https://a.test/x?y=1,2'], dns: ['A.test'], email: ['a@b.test'] }
    const { certificate } = await authority.issue({ usage: 'client', cn, ...names })
    parseCertificate(new X509Certificate(certificate).raw)
    return certificate
  } catch {
    return undefined
  }
}

/** Lines as somebody writes them who copies what Node and OpenSSL print. */
function toLines(pem: string): readonly string[] {
  const node = new X509Certificate(pem)
  const certificate = parseCertificate(node.raw)
  const printed = print(pem, '-subject', '-nameopt', 'oneline').replace(/^subject=/, '')
  const serials = [`serial ${node.serialNumber}`, printSerial(pem)]
  const names = [printed, printed.replace(/^CN = /, ''), node.subject, node.subject.slice(3)]
  const alternative = (node.subjectAltName ?? '').split(', ')
  const lines = [
    ...serials,
    ...printIssuers(pem).flatMap((issuer) => serials.map((serial) => `${serial} ${issuer}`)),
    `thumbprint ${node.fingerprint256}`,
    `thumbprint ${print(pem, '-fingerprint', '-sha256')}`,
    ...[...names, ...certificate.subject.commonNames].map((cn) => `cn ${cn}`),
    ...alternative.map((name) =>
      name.replace(/^(\w+):/, (prefix) => `${prefix.slice(0, -1).toLowerCase()} `),
    ),
    ...alternative.map((name) => `${name.split(':', 1).join('').toLowerCase()} ${name}`),
  ]
  // What a name breaks in two is not copied as one line.
  return lines.filter((line) => !/[\r\n]/.test(line))
}
