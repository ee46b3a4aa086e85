import { describe, expect, it } from 'vitest'
import { legacyPost, toolCall } from '../clients/messages.js'
import { rawExchange } from '../clients/raw-exchange.js'
import { legacyServer, type Stage } from './stage.js'

const websocket = ['sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version: 13']

const upgrades = [
  { what: 'a WebSocket', start: 'GET', headers: ['upgrade: websocket', ...websocket] },
  { what: 'a WebSocket in capitals', start: 'GET', headers: ['UPGRADE: WebSocket', ...websocket] },
  {
    what: 'HTTP/2 without TLS',
    start: 'POST',
    headers: ['upgrade: h2c', 'http2-settings: AAMAAABk'],
  },
  { what: 'TLS in TLS', start: 'POST', headers: ['upgrade: TLS/1.2'] },
  { what: 'an unheard-of protocol', start: 'DELETE', headers: ['upgrade: x'] },
] as const

/** A connection that stops being HTTP would pass no guard. */
export function describeUpgrades(stage: Stage): void {
  describe('upgrades', () => {
    it.each(upgrades)(
      'D33 $what is refused with 426, and nothing after it is read',
      async ({ start, headers }) => {
        await stage.play({ fixture: legacyServer() }, async ({ url, reached }) => {
          const bytes = ['Upgrade', 'keep-alive'].map((connection) =>
            toBytes(`${start} ${new URL(url).pathname} HTTP/1.1`, [
              ...(connection === 'Upgrade' ? headers : []),
              `connection: ${connection}`,
            ]),
          )
          const certificate = stage.certificates.clients.reader
          const received = await rawExchange(url, { certificate, bytes: bytes.join('') })
          expect(received).toMatch(/^HTTP\/1\.1 426 /)
          expect(received.match(/HTTP\/1\.1/g)).toHaveLength(1)
          expect(received.toLowerCase()).toContain('connection: close')
          expect(reached()).toBe(0)
        })
      },
    )

    it('D33 an upgrade to nothing is refused with 426', async () => {
      await stage.play({ fixture: legacyServer() }, async ({ url, reached }) => {
        const certificate = stage.certificates.clients.reader
        const line = `POST ${new URL(url).pathname} HTTP/1.1`
        const bytes = toBytes(line, ['connection: Upgrade', 'upgrade:'])
        const received = await rawExchange(url, { certificate, bytes })
        expect(received).toMatch(/^HTTP\/1\.1 426 /)
        expect(reached()).toBe(0)
      })
    })

    it('D33 an upgrade of a caller without a role is refused as everything else is', async () => {
      await stage.play({ fixture: legacyServer() }, async ({ url, reached }) => {
        const certificate = stage.certificates.clients.stranger
        const line = `GET ${new URL(url).pathname} HTTP/1.1`
        const bytes = toBytes(line, ['connection: Upgrade', 'upgrade: websocket', ...websocket])
        const received = await rawExchange(url, { certificate, bytes })
        expect(received).toMatch(/^HTTP\/1\.1 403 /)
        expect(reached()).toBe(0)
      })
    })

    it('D33 CONNECT opens no tunnel', async () => {
      await stage.play({ fixture: legacyServer() }, async ({ url, reached }) => {
        const certificate = stage.certificates.clients.reader
        const bytes = toBytes('CONNECT localhost:1 HTTP/1.1', [])
        const received = await rawExchange(url, { certificate, bytes }).catch(String)
        expect(received).not.toMatch(/^HTTP\/1\.1 2/)
        expect(reached()).toBe(0)
      })
    })
  })
}

function toBytes(line: string, headers: readonly string[]): string {
  const call = legacyPost(toolCall('search'))
  const body = line.startsWith('POST') ? call.body : ''
  const given = Object.entries(call.headers).map(([name, value]) => `${name}: ${value}`)
  const length = body === '' ? [] : [`content-length: ${body.length}`]
  return [line, 'host: localhost', ...given, ...headers, ...length, '', body].join('\r\n')
}
