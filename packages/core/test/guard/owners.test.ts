import { describe, expect, it } from 'vitest'
import { openFor, ownersOf } from '../../src/guard/owners.js'
import { createSeals } from '../../src/guard/seals.js'
import { createPrincipal } from '../../src/policy/principal.js'
import { peer, token } from '../policy/peer.js'
import { policy } from './stage.js'

const certificate = peer({ dns: ['a.test'] })
const named = (subject?: string) =>
  createPrincipal(policy, { certificate, ...(subject && { token: token({ subject }) }) }, ['dns'])
const seals = createSeals(undefined, '/mcp')
const sealFor = (subject?: string) =>
  seals.seal({ label: 'session', owner: ownersOf(named(subject))[0], text: 'one' })
const openBy = (text: string, subject?: string) =>
  openFor(seals, ownersOf(named(subject)), { label: 'session', text })

describe('the owners of an id', () => {
  it('sealed without a token are the certificate, and its users later', () => {
    const sealed = sealFor()
    expect(openBy(sealed)).toBe('one')
    expect(openBy(sealed, 'alice')).toBe('one')
  })

  it('sealed for a user is that user, and nobody else with the same certificate', () => {
    const sealed = sealFor('alice')
    expect(openBy(sealed, 'alice')).toBe('one')
    expect(openBy(sealed, 'bob')).toBeUndefined()
    expect(openBy(sealed)).toBeUndefined()
  })

  it('known by a token alone are that user, and no other', () => {
    const alone = (subject: string) =>
      createPrincipal(policy, { token: token({ subject }) }, ['dns'])
    expect(ownersOf(alone('alice'))).toEqual(['+https://as.test#alice'])
    expect(ownersOf(alone('bob'))).not.toContain('')
  })
})
