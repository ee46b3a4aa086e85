import { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { serveMetadata } from '../../src/guard/metadata.js'
import { requestWith, resource, tokensOf } from './bearers.js'
import { openScene, send } from './stage.js'

const tokens = tokensOf()
const root = '/.well-known/oauth-protected-resource'

function ask(url: string | undefined, method = 'GET', headers = {}) {
  const req = Object.assign(requestWith(headers, method), { url })
  const res = new ServerResponse(req)
  const served = serveMetadata({ tokens }, req, res)
  return { served, status: res.statusCode, headers: res.getHeaders(), ended: res.writableEnded }
}

describe('the metadata of the resource', () => {
  it.each([root, `${root}/mcp`, `${root}/mcp?a=/b`, `${root}?\n`, `${root}#x`])(
    'is at %j',
    (url) => {
      const { served, status, headers } = ask(url)
      expect({ served, status }).toEqual({ served: true, status: 200 })
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'access-control-allow-origin': '*',
        'access-control-allow-methods': 'GET, HEAD, OPTIONS',
        'cache-control': 'public, max-age=300',
      })
    },
  )

  it.each([`${root}/`, `${root}/mcp/x`, '/mcp', '/', '', undefined, `/x?${root}`])(
    'is not at %j, where nothing is done',
    (url) => {
      expect(ask(url)).toEqual({ served: false, status: 200, headers: {}, ended: false })
    },
  )

  it('is nowhere without OAuth', () => {
    const req = Object.assign(requestWith({}, 'GET'), { url: root })
    expect(serveMetadata({ tokens: undefined }, req, new ServerResponse(req))).toBe(false)
  })

  it.each(['POST', 'PUT', 'DELETE'])('is not changed by %s', (method) => {
    const { status, headers } = ask(root, method)
    expect(status).toBe(405)
    expect(headers).toMatchObject({
      allow: 'GET, HEAD, OPTIONS',
      'access-control-allow-origin': '*',
    })
    expect(headers).not.toHaveProperty('content-type')
  })

  it('may be asked for by any page, with the one header the SDK adds', () => {
    const asked = { 'access-control-request-headers': 'mcp-protocol-version, x-other' }
    const preflight = ask(root, 'OPTIONS', asked)
    expect(preflight.status).toBe(204)
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-headers': 'mcp-protocol-version',
      allow: 'GET, HEAD, OPTIONS',
    })
    expect(ask(root, 'OPTIONS').headers).not.toHaveProperty('access-control-allow-headers')
    expect(ask(root, 'HEAD').status).toBe(200)
  })

  it('is the document of the configuration, over the network', async () => {
    const scene = await openScene({
      server: (_listener, { tls }) =>
        tls.createServer((req, res) => {
          if (!serveMetadata({ tokens }, req, res)) res.destroy()
        }),
    })
    const { json } = await send(scene, { method: 'GET', path: root, body: '' })
    expect(json).toMatchObject({ resource, bearer_methods_supported: ['header'] })
  })
})
