import { expect, it } from 'vitest'
import { readIssuer } from '../../src/identity/issuer.js'
import {
  ca,
  caTrue,
  ecdsaWithSha1,
  issueDer,
  keyUsageValue,
  oid,
  resign,
  sequence,
  toX509,
} from './certificates.js'

const asCa = [
  { oid: oid.basicConstraints, critical: true, value: caTrue },
  { oid: oid.keyUsage, critical: true, value: keyUsageValue(0x04) },
]

// SEQUENCE { id-kp-serverAuth }
const serverAuth = Buffer.from('300a06082b06010505070301', 'hex')
const clientAuth = Buffer.from('300a06082b06010505070302', 'hex')

it('B04 takes a CA whose extended key usage names clients', async () => {
  const extensions = [...asCa, { oid: oid.extKeyUsage, value: clientAuth }]
  expect(readIssuer(toX509(await issueDer({ cn: 'x', extensions })))).toBeDefined()
})

it('reads validity and path length of a CA certificate', async () => {
  const notBefore = new Date('2026-01-01T00:00:00Z')
  const notAfter = new Date('2060-01-01T00:00:00Z')
  const value = sequence(Buffer.from('0101ff', 'hex'), Buffer.from('020103', 'hex'))
  const extensions = [{ oid: oid.basicConstraints, critical: true, value }, ...asCa.slice(1)]
  const certificate = toX509(await issueDer({ cn: 'x', notBefore, notAfter, extensions }))
  expect(readIssuer(certificate)).toEqual({
    notBefore: notBefore.getTime(),
    notAfter: notAfter.getTime(),
    pathLength: 3,
    isSignedStrongly: true,
  })
})

it('takes a path length that is not there for none', () => {
  expect(readIssuer(toX509(ca.certificate))?.pathLength).toBe(Number.POSITIVE_INFINITY)
})

it('reads a certificate once', () => {
  const certificate = toX509(ca.certificate)
  expect(readIssuer(certificate)).toBe(readIssuer(certificate))
})

it.each([
  ['a client', {}],
  [
    'a CA without keyCertSign',
    {
      extensions: [
        ...asCa.slice(0, 1),
        { oid: oid.keyUsage, critical: true, value: keyUsageValue(0x82) },
      ],
    },
  ],
  ['a CA without CA flag', { extensions: asCa.slice(1) }],
  [
    'a CA with name constraints',
    { extensions: [...asCa, { oid: oid.nameConstraints, value: sequence() }] },
  ],
  [
    'a CA for servers alone',
    { extensions: [...asCa, { oid: oid.extKeyUsage, value: serverAuth }] },
  ],
  ['a CA with a weak key', { extensions: asCa, algorithm: 'rsa-1024' }],
] as const)('B04 finds no issuer in %s', async (_, request) => {
  expect(readIssuer(toX509(await issueDer({ cn: 'x', ...request })))).toBeUndefined()
  expect(readIssuer(toX509(await issueDer({ cn: 'x', extensions: asCa })))).toBeDefined()
})

it('tells a signature made with SHA-1, which matters only below an anchor', () => {
  const weak = resign(toX509(ca.certificate).raw, (tbs) => {
    tbs.signature.algorithm = ecdsaWithSha1
  })
  expect(readIssuer(toX509(weak))?.isSignedStrongly).toBe(false)
})
