import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { createCertificateAuthority } from '@mcp-mtls/authority'
import {
  CompactSign,
  exportJWK,
  generateKeyPair,
  type JSONWebKeySet,
  type JWK,
  type JWSHeaderParameters,
} from 'jose'
import { onTestFinished } from 'vitest'
import type { Fetch } from '../../src/oauth/options.js'

export const resource = 'https://mcp.acme.test/mcp'
/** The moment tests start at, in milliseconds. */
export const start = Date.UTC(2026, 10, 21, 12)
export const seconds = start / 1000

/** A key of an authorization server, and its public half as a key set shows it. */
export interface SigningKey {
  readonly jwk: JWK
  readonly sign: (claims: unknown, header?: Record<string, unknown>) => Promise<string>
}

export async function createSigningKey(alg = 'ES256', kid = 'one'): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), alg, kid, use: 'sig' }
  return {
    jwk,
    sign: (claims, header = {}) => {
      const payload = typeof claims === 'string' ? claims : JSON.stringify(claims)
      const full = Object.fromEntries(
        Object.entries({ alg, kid, typ: 'at+jwt', ...header }).filter(
          ([, value]) => value !== undefined,
        ),
      ) as JWSHeaderParameters & { alg: string }
      return new CompactSign(new TextEncoder().encode(payload))
        .setProtectedHeader(full)
        .sign(privateKey)
    },
  }
}

/** A compact JWS of any text, with a signature that is right for nothing. */
export function unsigned(header: unknown, claims: unknown, signature = 'AAAA'): string {
  const part = (value: unknown) =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
  return `${part(header)}.${part(claims)}.${signature}`
}

export function keySet(...keys: readonly SigningKey[]): JSONWebKeySet {
  return { keys: keys.map(({ jwk }) => jwk) }
}

/** Claims of RFC 9068, to be changed. */
export function claimsOf(issuer: string, changes: Record<string, unknown> = {}) {
  return {
    iss: issuer,
    aud: resource,
    sub: 'user-1',
    client_id: 'client-a',
    iat: seconds - 10,
    exp: seconds + 600,
    jti: 'id-1',
    scope: 'mcp:read mcp:write',
    ...changes,
  }
}

export interface Asked {
  readonly path: string
  readonly authorization: string | undefined
  readonly form: URLSearchParams
}

type Answer = (asked: Asked, res: ServerResponse) => void

export interface LoopbackServer {
  readonly origin: string
  /** Trusts the server's authority and no other. */
  readonly fetch: Fetch
  readonly asked: Asked[]
  /** What a path answers; changed by tests. */
  readonly routes: Map<string, unknown>
}

/**
 * Starts an https server for one test. A route is a document, or a function that answers by itself; what
 * has no route is 404.
 */
export async function startServer(): Promise<LoopbackServer> {
  const authority = await createCertificateAuthority()
  const { key, chain } = await authority.issue({ usage: 'server', cn: 'as', ip: ['127.0.0.1'] })
  const routes = new Map<string, unknown>()
  const asked: Asked[] = []
  const server = createServer({ key, cert: chain }, (req, res) => void serve(req, res))
  const serve = async (req: IncomingMessage, res: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk as Buffer)
    const question = {
      path: req.url ?? '',
      authorization: req.headers.authorization,
      form: new URLSearchParams(Buffer.concat(chunks).toString()),
    }
    asked.push(question)
    const route = routes.get(question.path)
    if (route === undefined) res.writeHead(404).end()
    else if (typeof route === 'function') (route as Answer)(question, res)
    else res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(route))
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { origin, routes, asked, fetch: fetchTrusting(authority.certificate) }
}

function fetchTrusting(ca: string): Fetch {
  return (url, init = {}) =>
    new Promise((resolve, reject) => {
      const req = request(
        url,
        {
          ca,
          agent: false,
          method: init.method ?? 'GET',
          headers: init.headers as Record<string, string>,
          ...(init.signal && { signal: init.signal }),
        },
        (res) => {
          res.on('error', () => undefined)
          const headers = Object.entries(res.headers).map(([name, value]) => [name, String(value)])
          const bodiless = res.statusCode === 204 || res.statusCode === 304
          const body = bodiless ? null : (Readable.toWeb(res) as unknown as ReadableStream)
          resolve(
            new Response(body, {
              status: res.statusCode ?? 0,
              headers: headers as [string, string][],
            }),
          )
        },
      )
      req.on('error', reject)
      req.end(init.body)
    })
}

/** A clock that stands until it is moved. */
export function createClock(): { now: () => number; move: (milliseconds: number) => void } {
  let time = start
  return {
    now: () => time,
    move: (milliseconds) => {
      time += milliseconds
    },
  }
}
