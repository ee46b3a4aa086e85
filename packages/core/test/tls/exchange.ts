import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { request } from 'node:https'
import { type AddressInfo, connect as connectTcp, type Server } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { onTestFinished } from 'vitest'

/** Listens on loopback until the test ends. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    if ('closeAllConnections' in server && typeof server.closeAllConnections === 'function') {
      server.closeAllConnections()
    }
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** The body of an answer, or the code of the error that ended the attempt. */
export function get(port: number, options: ConnectionOptions): Promise<string> {
  return new Promise((resolve) => {
    const outgoing = request({
      host: '127.0.0.1',
      servername: 'localhost',
      ...options,
      port,
      agent: false,
    })
    outgoing.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    outgoing.on('response', (answer) => {
      let body = ''
      answer.on('data', (chunk) => {
        body += String(chunk)
      })
      answer.on('end', () => resolve(body))
    })
    outgoing.end()
  })
}

export function getHttp2(port: number, options: ConnectionOptions): Promise<string> {
  return new Promise((resolve) => {
    const session = connectHttp2(`https://localhost:${port}`, { ...options, host: '127.0.0.1' })
    session.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    const stream = session.request({ ':path': '/' })
    let body = ''
    stream.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    stream.on('data', (chunk) => {
      body += String(chunk)
    })
    stream.on('end', () => {
      session.close()
      resolve(body)
    })
  })
}

/** One request over a TLS socket of its own, with the session it received, to resume from. */
export function exchange(
  port: number,
  options: ConnectionOptions,
): Promise<{
  readonly answer: string
  readonly session: Buffer | undefined
  readonly resumed: boolean
}> {
  return new Promise((resolve) => {
    let session: Buffer | undefined
    let answer = ''
    let resumed = false
    const socket = connectTls({ host: '127.0.0.1', servername: 'localhost', ...options, port })
    socket.on('session', (ticket) => {
      session = ticket
    })
    socket.on('data', (chunk) => {
      answer += String(chunk)
    })
    socket.on('error', () => undefined)
    socket.on('secureConnect', () => {
      resumed = socket.isSessionReused()
      socket.write('GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
    })
    socket.on('close', () => resolve({ answer, session, resumed }))
  })
}

/** Sends bytes to a port, or none, and hangs up. */
export async function knock(port: number, bytes?: string): Promise<void> {
  const socket = connectTcp(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  if (bytes !== undefined) socket.write(bytes)
  socket.end()
  socket.resume()
  await once(socket, 'close')
}

/** What becomes of a TLS 1.2 connection whose client asks to renegotiate. */
export function renegotiate(port: number, options: ConnectionOptions): Promise<string> {
  return new Promise((resolve) => {
    const fixed = { host: '127.0.0.1', servername: 'localhost', maxVersion: 'TLSv1.2' } as const
    const socket = connectTls({ ...options, ...fixed, port })
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    socket.on('close', () => resolve('closed'))
    socket.on('secureConnect', () => {
      socket.renegotiate({}, (error) => resolve(error === null ? 'renegotiated' : String(error)))
      socket.resume()
    })
  })
}
