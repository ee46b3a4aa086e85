import { type ConnectionOptions, connect } from 'node:tls'

/** What came of a connection on which one whole HTTP/1.1 request was written at once. */
export interface Attempt {
  /** Every byte the server sent to the application. */
  readonly answer: string
  /** How it ended: `closed`, or the code and the text of the error. */
  readonly end: string
  /** What the client would offer to resume. */
  readonly session: Buffer | undefined
  readonly resumed: boolean
  readonly protocol: string | null
}

/** Writes `bytes` on a connection of its own and collects what happens until it closes. */
export function attempt(
  url: string,
  { bytes, ...options }: ConnectionOptions & { readonly bytes: string },
): Promise<Attempt> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const seen: { answer: string; end: string; session?: Buffer } = { answer: '', end: 'closed' }
    const socket = connect({
      host: hostname,
      servername: 'localhost',
      ...options,
      port: Number(port),
    })
    let shaken = { resumed: false, protocol: null as string | null }
    socket.once('secureConnect', () => {
      shaken = { resumed: socket.isSessionReused(), protocol: socket.getProtocol() }
    })
    socket.on('session', (ticket) => {
      seen.session = ticket
    })
    socket.on('data', (chunk: Buffer) => {
      seen.answer += chunk.toString('utf8')
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      seen.end = `${error.code}: ${error.message}`
    })
    socket.once('close', () =>
      resolve({
        answer: seen.answer,
        end: seen.end,
        session: seen.session,
        ...shaken,
      }),
    )
    socket.write(bytes)
  })
}

/** A POST as bytes, after whose answer the server closes. */
export function toBytes(
  { headers, body }: { readonly headers: object; readonly body: string },
  connection = 'close',
): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`)
  const head = [
    'POST /mcp HTTP/1.1',
    'Host: localhost',
    ...lines,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `Connection: ${connection}`,
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}
