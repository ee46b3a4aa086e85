import { X509Certificate } from 'node:crypto'
import { OctetString } from '@peculiar/asn1-schema'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CertificateError } from '../../src/errors.js'
import { parseCertificate } from '../../src/identity/parse-certificate.js'
import {
  dnsName,
  element,
  emailName,
  issueDer,
  issueWithNames,
  oid,
  resign,
  sequence,
  uriName,
  utf8,
} from './certificates.js'

const admin = 'spiffe://td/admin'
const upn = Buffer.from('060a2b060104018237140203', 'hex')
const smtpUtf8 = Buffer.from('06082b06010505070809', 'hex')

async function namesOrReason(value: Uint8Array): Promise<unknown> {
  const der = await issueWithNames(value)
  try {
    return parseCertificate(der).names
  } catch (error) {
    return error instanceof CertificateError ? error.reason : error
  }
}

describe('subject alternative names', () => {
  it.each([
    ['comma_inject', [uriName(`spiffe://td/a, URI:${admin}`)], 'spiffe-id'],
    ['dns_inject_uri', [dnsName(`a.test, URI:${admin}`)], { dns: [`a.test, URI:${admin}`] }],
    ['email_inject', [emailName(`x@a.test, URI:${admin}`)], { email: [`x@a.test, URI:${admin}`] }],
    ['quote', [dnsName(`a.test", URI:"${admin}`)], { dns: [`a.test", URI:"${admin}`] }],
    ['newline', [uriName(`https://a.test\nURI:${admin}`)], 'malformed'],
    ['nul_uri', [uriName(`${admin}\0.evil`)], 'malformed'],
    ['nul_dns', [dnsName('a.test\0.evil')], 'malformed'],
    ['delete', [dnsName('a.test\x7f')], 'malformed'],
    ['high_byte', [uriName('https://a.test/\xe9')], 'malformed'],
    ['utf8_in_ia5', [dnsName('\xc3\xa9.test')], 'malformed'],
    ['two_uri', [uriName('spiffe://td/a'), uriName(admin)], 'spiffe-id'],
    ['dup_same_uri', [uriName('spiffe://td/a'), uriName('spiffe://td/a')], 'spiffe-id'],
    ['uri_nonspiffe_plus', [uriName('https://a.test/'), uriName('spiffe://td/a')], 'spiffe-id'],
    ['empty_seq', [], 'malformed'],
    ['empty_uri', [uriName('')], 'malformed'],
    ['empty_dns', [dnsName('')], 'malformed'],
    ['upn_inject', [element(0xa0, upn, element(0xa0, utf8(`x, URI:${admin}`)))], {}],
    ['smtputf8', [element(0xa0, smtpUtf8, element(0xa0, utf8(`ü, URI:${admin}`)))], {}],
    ['rid', [element(0x88, Buffer.from('2a0304', 'hex'))], {}],
    [
      'dirname',
      [
        element(
          0xa4,
          sequence(element(0x31, sequence(Buffer.from('0603550403', 'hex'), utf8(`URI:${admin}`)))),
        ),
      ],
      {},
    ],
    ['upper_scheme', [uriName('SPIFFE://td/admin')], 'spiffe-id'],
  ])('A01 reads the bytes of vector %s, or refuses it', async (_, names, expected) => {
    const outcome = await namesOrReason(sequence(...names))
    expect(outcome).toEqual(
      typeof expected === 'string' ? expected : { uri: [], dns: [], email: [], ...expected },
    )
  })

  it('A01 refuses an IP address of three bytes or ignores it, and reads nothing from it', async () => {
    const outcome = await namesOrReason(sequence(element(0x87, 'abc'), dnsName('a.test')))
    expect([{ uri: [], dns: ['a.test'], email: [] }, 'malformed']).toContainEqual(outcome)
  })

  it('keeps the order of the certificate, and case', async () => {
    const names = [dnsName('B.test'), emailName('X@a.test'), dnsName('a.test'), uriName('urn:B')]
    expect(await namesOrReason(sequence(...names))).toEqual({
      uri: ['urn:B'],
      dns: ['B.test', 'a.test'],
      email: ['X@a.test'],
    })
  })

  it('A01 A03 agrees with node:crypto on well-formed names of every kind', async () => {
    const template = await issueDer({ cn: 'x', dns: ['a.test'] })
    const text = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 40 })
    const printable = text.filter((value) => /^[\x20-\x7e]+$/.test(value))
    const name = fc.oneof(
      printable.map((value) => ({ label: 'DNS', value })),
      printable.map((value) => ({ label: 'email', value })),
      printable
        .filter((value) => !/^spiffe:/i.test(value))
        .map((value) => ({ label: 'URI', value })),
    )
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 20 }), (names) => {
        const encode = { DNS: dnsName, email: emailName, URI: uriName }
        const value = sequence(...names.map((one) => encode[one.label as 'DNS'](one.value)))
        const der = resign(template, (tbs) => {
          const extension = tbs.extensions?.find(({ extnID }) => extnID === oid.subjectAltName)
          if (extension) extension.extnValue = new OctetString(value)
        })
        const { uri, dns, email } = parseCertificate(der).names
        const node = parseNodeNames(new X509Certificate(der).subjectAltName ?? '')
        expect({ uri, dns, email }).toEqual(node)
        expect(dns).toEqual(names.filter(({ label }) => label === 'DNS').map((one) => one.value))
      }),
      { numRuns: 200 },
    )
  })
})

/** The text of node:crypto, names with special characters being JSON strings. */
function parseNodeNames(text: string): Record<'uri' | 'dns' | 'email', string[]> {
  const names = { uri: [] as string[], dns: [] as string[], email: [] as string[] }
  const kinds = { URI: names.uri, DNS: names.dns, email: names.email }
  for (const [, label, quoted, plain] of text.matchAll(
    /(URI|DNS|email):(?:("(?:[^"\\]|\\.)*")|([^"][^,]*|))(?:, |$)/gy,
  )) {
    kinds[label as 'URI'].push(quoted === undefined ? (plain ?? '') : JSON.parse(quoted))
  }
  return names
}
