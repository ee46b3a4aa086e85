import { connect as connectHttp2 } from 'node:http2'
import { Agent } from 'node:https'
import {
  type ClientCertificate,
  openRawStream,
  type RawStreamRequest,
  rawRequest,
} from '@mcp-mtls/testing'

type Exchange = Omit<RawStreamRequest, 'certificate'>

/** A whole answer. */
interface LiveAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** An answer that stays open. */
export interface LiveStream {
  readonly status: number
  text(): string
  /** Resolves when it has ended or was torn off, to when that was. */
  readonly ended: Promise<number>
}

/** A client that keeps one connection for everything but, over HTTP/1.1, streams, which have one of their own. */
export interface LiveClient {
  /** POST unless told otherwise. Rejects if the connection gives no answer. */
  send(exchange: Exchange): Promise<LiveAnswer>
  /** GET unless told otherwise. Resolves with the head. */
  open(exchange: Exchange): Promise<LiveStream>
  /** Whether the connection that was kept is gone. */
  isClosed(): boolean
  close(): void
}

export function connectLive(
  url: string,
  certificate: ClientCertificate,
  http2: boolean,
): LiveClient {
  return http2 ? connectLiveHttp2(url, certificate) : connectLiveHttp1(url, certificate)
}

function connectLiveHttp1(url: string, certificate: ClientCertificate): LiveClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ...certificate })
  const streams: { close(): void }[] = []
  return {
    send: ({ method = 'POST', ...exchange }) =>
      rawRequest(url, { certificate, agent, method, ...exchange }),
    async open(exchange) {
      const stream = await openRawStream(url, { certificate, ...exchange })
      streams.push(stream)
      const { status, text } = stream
      return { status, text, ended: stream.ended.then(() => Date.now()) }
    },
    // The agent forgets a connection when it closes.
    isClosed: () => Object.keys({ ...agent.sockets, ...agent.freeSockets }).length === 0,
    close() {
      agent.destroy()
      for (const stream of streams) stream.close()
    },
  }
}

function connectLiveHttp2(url: string, certificate: ClientCertificate): LiveClient {
  const { origin, pathname } = new URL(url)
  const session = connectHttp2(origin, certificate)
  // Each stream says it, too.
  session.on('error', () => {})
  let closed = false
  session.once('close', () => {
    closed = true
  })

  function request({ method = 'GET', headers = {}, body }: Exchange): Promise<LiveStream & Head> {
    return new Promise((resolve, reject) => {
      const stream = session.request({ ...headers, ':method': method, ':path': pathname })
      let text = ''
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      stream.on('error', reject)
      stream.once('close', () => reject(new Error('closed without an answer')))
      const ended = new Promise<number>((onEnd) => stream.once('close', () => onEnd(Date.now())))
      stream.once('response', (received) => {
        resolve({
          status: Number(received[':status']),
          headers: received,
          text: () => text,
          ended,
          isWhole: () => stream.readableEnded && stream.rstCode === 0,
        })
      })
      stream.end(body)
    })
  }

  return {
    async send(exchange) {
      const { status, headers, ended, text, isWhole } = await request({
        method: 'POST',
        ...exchange,
      })
      await ended
      if (!isWhole()) throw new Error('the answer was torn off')
      return { status, headers, body: text() }
    },
    open: request,
    isClosed: () => closed,
    close: () => session.destroy(),
  }
}

interface Head {
  readonly headers: Readonly<Record<string, unknown>>
  isWhole(): boolean
}
