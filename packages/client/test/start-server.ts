import type { IncomingMessage, RequestListener } from 'node:http'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { TLSSocket } from 'node:tls'

export interface RunningServer {
  readonly origin: string
  /** The certificate name each request came with, '' for none. */
  readonly seen: readonly string[]
  readonly close: () => Promise<void>
}

export interface StartOptions extends ServerOptions {
  readonly answer?: RequestListener
}

/** An https server on loopback that asks for a certificate and notes whose each request carried. */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const seen: string[] = []
  const { answer = (_request, response) => response.end('ok'), ...tls } = options
  const server = createServer({ requestCert: true, ...tls }, (request, response) => {
    seen.push(certificateName(request))
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `https://localhost:${(server.address() as AddressInfo).port}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function certificateName({ socket }: IncomingMessage): string {
  const subject = socket instanceof TLSSocket ? socket.getPeerCertificate()?.subject : undefined
  return String(subject?.CN ?? '')
}
