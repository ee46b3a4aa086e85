import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { NodeMcpHandler, RunningAdapter } from './adapter.js'
import type { TestCertificates } from './certificates.js'

/**
 * Serves a handler over mutual TLS with no guard in front: anybody with a certificate of the CA may do
 * anything. The contrast that shows what a guard changes, and the base line of measurements.
 */
export async function serveUnguarded(
  handle: NodeMcpHandler,
  certificates: TestCertificates,
): Promise<RunningAdapter> {
  const { ca, server: material } = certificates
  const tls = { ...material, ca, requestCert: true, rejectUnauthorized: true }
  const server = createServer(tls, (req, res) => {
    readJson(req)
      .then((body) => handle(withCaller(req), res, body, parseQuery(req)))
      .catch(() => res.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `https://localhost:${port}/mcp`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** As a framework would. */
export function parseQuery({ url = '' }: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(new URL(url, 'http://localhost').searchParams)
}

function withCaller(req: IncomingMessage): IncomingMessage {
  const certificate =
    req.socket instanceof TLSSocket ? req.socket.getPeerX509Certificate() : undefined
  const clientId = certificate?.subjectAltName ?? 'nobody'
  return Object.assign(req, { auth: { token: '', clientId, scopes: [] } })
}

async function readJson(req: IncomingMessage): Promise<unknown> {
  if (req.method !== 'POST') return undefined
  const chunks: Uint8Array[] = []
  for await (const chunk of req) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}
