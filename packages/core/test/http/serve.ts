import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Received {
  readonly status: number
  readonly statusMessage: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

type Listener = (req: IncomingMessage, res: ServerResponse) => unknown

/** Starts a server for one test and returns its port. */
export async function serve(listener: Listener): Promise<number> {
  const server = createServer((req, res) => void listener(req, res))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

export interface Sent {
  readonly method?: string
  readonly path?: string
  readonly headers?: Record<string, string | string[]>
  readonly body?: string | Buffer
}

export async function send(port: number, sent: Sent = {}): Promise<Received> {
  const { body, ...options } = sent
  const req = request({ port, host: '127.0.0.1', method: 'POST', agent: false, ...options })
  req.end(body)
  // A server that answers early stops reading; what fails after its answer is no failure.
  const answered = once(req, 'response')
  req.on('error', () => undefined)
  const [res] = (await answered) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of res) chunks.push(chunk as Buffer)
  return {
    status: res.statusCode ?? 0,
    statusMessage: res.statusMessage ?? '',
    headers: res.headers,
    body: Buffer.concat(chunks).toString(),
  }
}

/** Writes bytes on a bare socket and returns everything that comes back until the server closes. */
export async function sendRaw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(text)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
