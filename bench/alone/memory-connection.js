import { Duplex } from 'node:stream'
import { toSocket } from './caller.js'

/**
 * One end of a connection without network and TLS: it sends the same request again as soon as the answer
 * to the last has come, and looks to Node's HTTP server as a TLS socket does.
 */
export function createMemoryConnection(certificate, request, answered) {
  const take = (text) => {
    if (text === '') return
    if (!text.startsWith('HTTP/1.1 200')) throw new Error(`unexpected answer: ${text}`)
    answered(connection)
  }
  const connection = new Duplex({
    read: () => {},
    write(chunk, _encoding, done) {
      take(chunk.toString('latin1'))
      done()
    },
    writev(chunks, done) {
      take(chunks.map(({ chunk }) => chunk.toString('latin1')).join(''))
      done()
    },
  })
  const nothing = { setTimeout: () => connection, setNoDelay: () => {}, setKeepAlive: () => {} }
  return Object.assign(connection, toSocket(certificate), nothing, {
    remoteAddress: '127.0.0.1',
    ask: () => connection.push(Buffer.from(request)),
  })
}
