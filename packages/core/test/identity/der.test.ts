import { X509Certificate } from 'node:crypto'
import { rootCertificates } from 'node:tls'
import { BasicConstraints, Certificate } from '@peculiar/asn1-x509'
import { describe, expect, it } from 'vitest'
import { parseDer, toDer } from '../../src/identity/der.js'
import { sequence } from './certificates.js'

const malformed = expect.objectContaining({ reason: 'malformed' })

describe('parseDer', () => {
  it('reads every root certificate Node ships and encodes it to the same bytes', () => {
    expect(rootCertificates.length).toBeGreaterThan(100)
    for (const pem of rootCertificates) {
      const der = new X509Certificate(pem).raw
      expect(toDer(parseDer(der, Certificate, 'root')).equals(der)).toBe(true)
    }
  })

  it('names what it refuses', () => {
    const explicitDefault = sequence(Buffer.from([0x01, 0x01, 0x00]))
    expect(() => parseDer(explicitDefault, BasicConstraints, 'this thing')).toThrow(
      'this thing is not encoded as DER',
    )
    expect(() => parseDer(Buffer.alloc(0), BasicConstraints, 'this thing')).toThrow(
      'this thing cannot be parsed',
    )
  })

  it('keeps the error of the parser as the cause', () => {
    const parse = () => parseDer(Buffer.from([0x04, 0x00]), BasicConstraints, 'x')
    expect(parse).toThrow(malformed)
    expect(parse).toThrow(expect.objectContaining({ cause: expect.any(Error) }))
  })
})
