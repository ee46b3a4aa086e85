import { describe, expect, it } from 'vitest'
import { createClientMap } from '../../src/guard/client-map.js'
import { peer, token } from '../policy/peer.js'

const agent = peer({ spiffe: 'spiffe://acme.test/agents/a' })
const document = 'https://agent.acme.test/client.json'

describe('the map of certificates to clients', () => {
  const mayAct = createClientMap(
    [
      { spiffe: 'spiffe://acme.test/agents/**', client: ['agents', document] },
      { dns: ['gateway.test'], authority: 'default', client: 'gateway' },
    ],
    ['spiffe', 'dns'],
  )

  it.each([
    [agent, 'agents'],
    [agent, document],
    [peer({ dns: ['gateway.test'] }), 'gateway'],
  ])('lets a certificate act as the clients of its entries', (certificate, clientId) => {
    for (const _ of [1, 2]) expect(() => mayAct({ certificate }, token({ clientId }))).not.toThrow()
  })

  it.each([
    [agent, 'gateway'],
    [agent, `${document}/`],
    [peer({ dns: ['gateway.test'] }), 'agents'],
    [peer({ dns: ['gateway.test'], authority: 'partners' }), 'gateway'],
    [peer({ dns: ['other.test'] }), 'agents'],
    [undefined, 'agents'],
  ])(
    'C11 lets no other certificate act as a client, and none without one',
    (certificate, clientId) => {
      expect(() => mayAct({ certificate }, token({ clientId }))).toThrow(
        expect.objectContaining({ reason: 'client' }),
      )
    },
  )

  it('C02 takes the client of one issuer not for that of another', () => {
    const certificate = agent
    const first = 'https://as.acme.test'
    const [ours, theirs] = [first, 'https://other.acme.test'].map((issuer) =>
      token({ issuer, clientId: 'agents' }),
    )
    const strict = createClientMap(
      [{ spiffe: 'spiffe://acme.test/agents/**', client: 'agents', tokenIssuer: first }],
      ['spiffe'],
    )
    expect(() => strict({ certificate }, ours!)).not.toThrow()
    for (const _ of [1, 2]) {
      expect(() => strict({ certificate }, theirs!)).toThrow(
        expect.objectContaining({ reason: 'client' }),
      )
    }
  })

  it('without entries lets any certificate act as any client', () => {
    const free = createClientMap(undefined, ['dns'])
    expect(() => free({ certificate: undefined }, token())).not.toThrow()
    expect(() => createClientMap([], ['dns'])({ certificate: agent }, token())).toThrow()
  })

  it('C11 lets a caller whose certificate is only observed act as what is said of its whole authority', () => {
    const observed = createClientMap(
      [
        { authority: ['openai', 'partners'], client: 'chatgpt' },
        { authority: 'openai', dns: 'a.test', client: 'narrow' },
        { spiffe: 'spiffe://acme.test/**', client: 'agents' },
      ],
      ['spiffe', 'dns'],
    )
    const sender = { certificate: undefined, observedAuthority: 'openai' }
    expect(() => observed(sender, token({ clientId: 'chatgpt' }))).not.toThrow()
    for (const clientId of ['narrow', 'agents']) {
      expect(() => observed(sender, token({ clientId }))).toThrow(
        expect.objectContaining({ reason: 'client' }),
      )
    }
    const absent = { authority: 'openai', dns: undefined, client: 'chatgpt' } as never
    expect(() =>
      createClientMap([absent], ['dns'])(sender, token({ clientId: 'chatgpt' })),
    ).not.toThrow()
    const other = { ...sender, observedAuthority: 'default' }
    expect(() => observed(other, token({ clientId: 'chatgpt' }))).toThrow()
    // What a certificate may do is said by the certificate.
    const presented = { certificate: peer({ dns: ['x.test'] }), observedAuthority: 'openai' }
    expect(() => observed(presented, token({ clientId: 'chatgpt' }))).toThrow()
  })
})
