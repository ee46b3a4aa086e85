import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { readPeerPresence } from '../../src/identity/read-peer-presence.js'

const because = (reason: string) =>
  expect.objectContaining({ reason, code: 'ERR_MTLS_CERTIFICATE' })

describe('readPeerPresence', () => {
  it.each([
    ['presented', { raw: new Uint8Array(1) }],
    ['none', {}],
    ['none', { raw: 'text' }],
    ['none', null],
    ['none', undefined],
  ])('is %s for a socket that answers %o', (presence, answer) => {
    expect(readPeerPresence({ encrypted: true, getPeerCertificate: () => answer })).toBe(presence)
  })

  it.each([
    undefined,
    null,
    'socket',
    {},
    new Socket(),
    { encrypted: false, getPeerCertificate: () => ({ raw: new Uint8Array(1) }) },
    { encrypted: true },
  ])('A10 finds no TLS in %o', (value) => {
    expect(() => readPeerPresence(value)).toThrow(because('no-tls'))
  })

  it('A09 finds no TLS in a proxy whose session is gone', () => {
    const gone = new Proxy(
      {},
      {
        get() {
          throw new Error('The socket has been disconnected from the Http2Session')
        },
      },
    )
    expect(() => readPeerPresence(gone)).toThrow(because('no-tls'))
  })
})
