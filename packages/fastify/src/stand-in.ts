import { Readable } from 'node:stream'
import type { FastifyRequest, RequestPayload } from 'fastify'

const braces = Buffer.from('{}')

/**
 * What Fastify's own parser gets to see: the guard has read and parsed the body already. It tells the
 * body's true length, on which Fastify's `bodyLimit` goes on to act.
 */
export function standIn({ raw, headers }: FastifyRequest): RequestPayload {
  const sent: unknown = Reflect.get(raw, 'rawBody')
  const length = Buffer.isBuffer(sent) ? sent.length : Number(headers['content-length'] ?? 2)
  return Object.assign(new Readable({ read: pushBraces }), { receivedEncodedLength: length })
}

function pushBraces(this: Readable): void {
  this.push(braces)
  this.push(null)
}
