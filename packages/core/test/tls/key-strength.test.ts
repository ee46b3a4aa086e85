import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { findWeakness } from '../../src/tls/key-strength.js'

const curve = (namedCurve: string): KeyObject => generateKeyPairSync('ec', { namedCurve }).publicKey

describe('the floor for keys of servers and authorities', () => {
  it.each([
    ['P-256', () => curve('prime256v1')],
    ['P-521', () => curve('secp521r1')],
    ['Ed25519', () => generateKeyPairSync('ed25519').publicKey],
    ['Ed448', () => generateKeyPairSync('ed448').publicKey],
  ])('A27 accepts %s', (_, create) => {
    expect(findWeakness(create())).toBeUndefined()
  })

  it.each([
    ['RSA of 1024 bits', () => generateKeyPairSync('rsa', { modulusLength: 1024 }), '1024 bits'],
    ['a curve of another kind', () => ({ publicKey: curve('secp256k1') }), 'secp256k1'],
    ['a key that signs nothing', () => generateKeyPairSync('x25519'), 'not accepted (x25519)'],
  ])('A27 names what is wrong with %s', (_, create, problem) => {
    expect(findWeakness(create().publicKey)).toContain(problem)
  })
})
