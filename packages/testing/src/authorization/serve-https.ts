import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** What a server of the tests presents, and the CA it and its clients trust. */
export interface ServerCertificates {
  readonly ca: string
  readonly server: { readonly cert: string; readonly key: string }
}

export type HttpsListener = (req: IncomingMessage, res: ServerResponse) => void

export interface HttpsServer {
  readonly origin: string
  /** Closes all connections; resolves when the port is free. */
  close(): Promise<void>
}

/**
 * Listens on loopback over TLS. A client may present a certificate or none: whether it is one of the
 * CA is `socket.authorized`.
 */
export async function serveHttps(
  { ca, server: material }: ServerCertificates,
  listener: HttpsListener,
): Promise<HttpsServer> {
  const options = { ...material, ca, requestCert: true, rejectUnauthorized: false }
  const server = createServer(options, listener)
  server.listen(0, 'localhost')
  await once(server, 'listening')
  return {
    origin: `https://localhost:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** Writes a JSON document as the whole answer. */
export function writeJson(res: ServerResponse, status: number, document: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  res.end(JSON.stringify(document))
}
