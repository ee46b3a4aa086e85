import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createSecureServer,
} from 'node:http2'
import type { Server } from 'node:https'
import { connect as tlsConnect } from 'node:tls'
import { onTestFinished } from 'vitest'
import type { TlsSource } from '../../src/tls/tls-source.js'
import { type Scene, type SceneOptions, spiffeId } from './stage.js'

/** The server of a scene that speaks HTTP/2. */
export const serveHttp2: NonNullable<SceneOptions['server']> = (listener, { tls }) =>
  createHttp2Server(listener, tls)

/** The scene closes servers of HTTP/1; sessions end by themselves. */
function createHttp2Server(
  listener: Parameters<TlsSource['createServer']>[0],
  tls: TlsSource,
): Server {
  const server = tls.attach(createSecureServer({ ...tls.options }))
  server.on('request', (req, res) => listener?.(req as never, res as never))
  return Object.assign(server, { closeAllConnections: () => undefined }) as unknown as Server
}

/** One connection of the reader, for as long as the test runs. */
export async function openSession({ files, port }: Scene): Promise<ClientHttp2Session> {
  const issued = await files.ca.issue({ usage: 'client', uri: [spiffeId] })
  const socket = tlsConnect({
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    cert: issued.chain,
    key: issued.key,
    ca: files.ca.certificate,
    ALPNProtocols: ['h2'],
  })
  const session = connect('https://localhost', { createConnection: () => socket })
  onTestFinished(() => session.destroy())
  return session
}

/** Begins a request; what is sent is the caller's to write. */
export function begin(session: ClientHttp2Session, token: string): ClientHttp2Stream {
  return session.request({
    ':method': 'POST',
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${token}`,
  })
}

export async function statusOf(stream: ClientHttp2Stream): Promise<unknown> {
  const [headers] = await once(stream, 'response')
  stream.resume()
  return headers[':status']
}
