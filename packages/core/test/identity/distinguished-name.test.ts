import { AsnConvert } from '@peculiar/asn1-schema'
import { Name } from '@peculiar/asn1-x509'
import { describe, expect, it } from 'vitest'
import { readDistinguishedName } from '../../src/identity/distinguished-name.js'
import type { DistinguishedName } from '../../src/identity/peer-certificate.js'
import { element, sequence, utf8 } from './certificates.js'

const types = {
  CN: '0603550403',
  O: '060355040a',
  OU: '060355040b',
  C: '0603550406',
  L: '0603550407',
  ST: '0603550408',
  STREET: '0603550409',
  serialNumber: '0603550405',
  DC: '060a0992268993f22c640119',
  UID: '060a0992268993f22c640101',
  emailAddress: '06092a864886f70d010901',
}

function attribute(type: keyof typeof types, value: string | Buffer): Buffer {
  return sequence(Buffer.from(types[type], 'hex'), typeof value === 'string' ? utf8(value) : value)
}

/** Each argument is one component: the attributes of a SET. */
function read(...components: readonly (readonly Buffer[])[]): DistinguishedName {
  const der = sequence(...components.map((attributes) => element(0x31, ...attributes)))
  return readDistinguishedName(AsnConvert.parse(der, Name))
}

const malformed = expect.objectContaining({ reason: 'malformed' })

describe('readDistinguishedName', () => {
  it('writes RFC 4514 text, last component first, and the values in order', () => {
    const name = read(
      [attribute('C', 'DE')],
      [attribute('ST', 'BE')],
      [attribute('L', 'Berlin')],
      [attribute('STREET', 'Ring 1')],
      [attribute('DC', 'acme')],
      [attribute('O', 'Acme')],
      [attribute('OU', 'a'), attribute('OU', 'b')],
      [attribute('UID', '7')],
      [attribute('CN', 'x')],
    )
    expect(name).toEqual({
      text: 'CN=x,UID=7,OU=a+OU=b,O=Acme,DC=acme,STREET=Ring 1,L=Berlin,ST=BE,C=DE',
      commonNames: ['x'],
      organizations: ['Acme'],
      organizationalUnits: ['a', 'b'],
    })
  })

  it.each([
    ['a,b', 'a\\,b'],
    ['a+b', 'a\\+b'],
    ['"a"', '\\"a\\"'],
    ['a\\b', 'a\\\\b'],
    ['<a;b>', '\\<a\\;b\\>'],
    ['#a#', '\\#a#'],
    ['  a  ', '\\  a \\ '],
    [' ', '\\ '],
    ['=', '='],
    ['ü€😀', 'ü€😀'],
    ['a,O=admin', 'a\\,O=admin'],
  ])('escapes the value %j as %j', (value, escaped) => {
    const name = read([attribute('CN', value)])
    expect(name.text).toBe(`CN=${escaped}`)
    expect(name.commonNames).toEqual([value])
  })

  it('writes an attribute without a short name as numbers and hexadecimal DER', () => {
    expect(read([attribute('emailAddress', element(0x16, 'a@b'))]).text).toBe(
      '1.2.840.113549.1.9.1=#1603614062',
    )
    expect(read([attribute('serialNumber', element(0x13, '1'))]).text).toBe('2.5.4.5=#130131')
    expect(read([attribute('serialNumber', element(0x02, '\x01'))]).text).toBe('2.5.4.5=#020101')
  })

  it.each([
    ['PrintableString', element(0x13, 'abc')],
    ['IA5String', element(0x16, 'abc')],
    ['TeletexString', element(0x14, 'abc')],
    ['UTF8String', utf8('abc')],
    ['BMPString', element(0x1e, '\0a\0b\0c')],
    ['UniversalString', element(0x1c, '\0\0\0a\0\0\0b\0\0\0c')],
  ])('reads a %s', (_, value) => {
    expect(read([attribute('CN', value)]).commonNames).toEqual(['abc'])
  })

  it.each([
    ['a TeletexString that ends beyond ASCII', element(0x14, 'caf\xe9')],
    ['a TeletexString that begins beyond ASCII', element(0x14, '\xe9a')],
    ['a PrintableString beyond ASCII', element(0x13, 'caf\xe9')],
    ['an IA5String beyond ASCII', element(0x16, 'caf\xe9')],
    ['half a surrogate pair', element(0x1e, '\xd8\x00\x00a')],
    ['an INTEGER', element(0x02, '\x01')],
    ['an OCTET STRING', element(0x04, 'abc')],
    ['a SEQUENCE', sequence(utf8('abc'))],
    ['an empty value', utf8('')],
    ['a NUL', utf8('alice\0.evil')],
    ['a line feed', utf8('alice\nO=admin')],
    ['a C1 control character', utf8('alice\u0085')],
    ['a control character in a PrintableString', element(0x13, 'a\x01')],
    ['a NUL in a BMPString', element(0x1e, '\0a\0\0')],
  ])('A04 refuses %s as a value', (_, value) => {
    expect(() => read([attribute('CN', value)])).toThrow(malformed)
    expect(() => read([attribute('C', value)])).toThrow(malformed)
  })

  it('refuses an empty component', () => {
    expect(() => read([attribute('CN', 'a')], [])).toThrow(malformed)
  })

  it('A04 lists every common name, whether in one component or in several', () => {
    expect(read([attribute('CN', 'alice')], [attribute('CN', 'admin')]).commonNames).toEqual([
      'alice',
      'admin',
    ])
    expect(read([attribute('CN', 'alice'), attribute('CN', 'admin')]).commonNames).toEqual([
      'alice',
      'admin',
    ])
  })

  it.each(['__proto__', 'constructor', 'toString'])(
    'A04 reads the common name %s as text',
    (value) => {
      expect(read([attribute('CN', value)]).commonNames).toEqual([value])
    },
  )

  it('A05 reads an empty name', () => {
    expect(read().text).toBe('')
  })

  it('freezes what it returns, values included', () => {
    const name = read([attribute('CN', 'a')])
    expect(Object.values(name).every(Object.isFrozen) && Object.isFrozen(name)).toBe(true)
    expect(Object.getPrototypeOf(name.commonNames)).toBe(Array.prototype)
  })
})
