import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { thumbprint } from '../../src/identity/thumbprint.js'
import { exchange } from '../tls/exchange.js'
import { openScene, spiffeId } from './stage.js'

describe('a resumed TLS session', () => {
  it('A19 is audited under the certificate of the session, not of the one offered with it', async () => {
    const scene = await openScene()
    const { ca } = scene.files
    const owner = await ca.issue({ usage: 'client', uri: [spiffeId] })
    const other = await ca.issue({ usage: 'client', uri: ['spiffe://acme.test/agents/other'] })
    const trust = { ca: ca.certificate }
    const first = await exchange(scene.port, { ...trust, cert: owner.chain, key: owner.key })
    expect(first).toMatchObject({ resumed: false, session: expect.any(Buffer) })
    const session = { session: first.session as Buffer }
    const offered = { cert: other.chain, key: other.key }
    const resumed = await exchange(scene.port, { ...trust, ...offered, ...session })
    const bare = await exchange(scene.port, { ...trust, ...session })
    expect([resumed.resumed, bare.resumed]).toEqual([true, true])
    const said = scene.events.map(({ principal, thumbprint: print, effect }) => [
      effect,
      principal,
      print,
    ])
    const print = thumbprint(new X509Certificate(owner.certificate).raw)
    const expected = ['allow', `default/spiffe:${spiffeId}`, print]
    expect(said).toEqual([expected, expected, expected])
  })

  it('A19 offered anew, the other certificate is its own principal', async () => {
    const scene = await openScene()
    const { ca } = scene.files
    const other = await ca.issue({ usage: 'client', uri: ['spiffe://acme.test/agents/other'] })
    await exchange(scene.port, { ca: ca.certificate, cert: other.chain, key: other.key })
    expect(scene.events).toMatchObject([
      {
        effect: 'deny',
        reason: 'no-role',
        principal: 'default/spiffe:spiffe://acme.test/agents/other',
      },
    ])
  })
})
