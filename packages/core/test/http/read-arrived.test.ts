import { once } from 'node:events'
import { Agent, IncomingMessage, request as sendRequest } from 'node:http'
import { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { RequestError } from '../../src/errors.js'
import { readArrivedBody, readBody } from '../../src/http/read-body.js'
import { serve } from './serve.js'

const LIMITS = { bodyBytes: 20, depth: 64, uniqueKeys: false }
const BODY = '{"a":"é"}'
const LENGTH = { 'content-length': String(Buffer.byteLength(BODY)) }
const CHUNKED = { 'transfer-encoding': 'chunked' }

interface Arrived {
  readonly headers?: Readonly<Record<string, string>>
  readonly pieces?: readonly (string | Buffer)[]
  readonly ended?: boolean
}

function request({ headers = LENGTH, pieces = [BODY], ended = false }: Arrived): IncomingMessage {
  const req = new IncomingMessage(new Socket())
  const all = { 'content-type': 'application/json', ...headers }
  req.headers = all
  req.rawHeaders = Object.entries(all).flat()
  for (const piece of pieces) req.push(piece)
  if (ended) req.push(null)
  return req
}

describe('readArrivedBody', () => {
  it.each<[string, Arrived]>([
    ['of its announced length', {}],
    ['of its announced length, and ended', { ended: true }],
    ['in several pieces', { pieces: ['{"a":', Buffer.from('"é"}')] }],
    ['in chunks, and ended', { headers: CHUNKED, ended: true }],
    ['of no announced length, and ended, as over HTTP/2', { headers: {}, ended: true }],
  ])('reads a body %s, and leaves its bytes to whoever comes next', async (_, arrived) => {
    const req = request(arrived)
    expect(readArrivedBody(req, LIMITS)).toEqual({ value: { a: 'é' }, raw: Buffer.from(BODY) })
    if (!arrived.ended) req.push(null)
    expect(await text(req)).toBe(BODY)
  })

  it.each<[string, Arrived]>([
    ['nothing has come', { pieces: [] }],
    ['a part has come', { pieces: [BODY.slice(0, 4)] }],
    ['more has come than was announced', { headers: { 'content-length': '2' } }],
    ['its length is written another way', { headers: { 'content-length': '010' } }],
    ['it comes in chunks', { headers: CHUNKED }],
    ['it comes in chunks and has a length', { headers: { ...CHUNKED, ...LENGTH } }],
    ['it has no length', { headers: {} }],
    ['it was empty', { pieces: [], ended: true }],
  ])('reads nothing where %s', (_, arrived) => {
    const req = request(arrived)
    expect(readArrivedBody(req, LIMITS)).toBeUndefined()
    expect(req.readableDidRead).toBe(false)
  })

  it.each<[string, number, Arrived]>([
    ['another content type', 415, { headers: { ...LENGTH, 'content-type': 'text/plain' } }],
    ['a length beyond the bound', 413, { headers: { 'content-length': '21' } }],
    ['more than the bound', 413, { headers: {}, pieces: ['x'.repeat(21)], ended: true }],
    ['what is no JSON', 400, { headers: {}, pieces: ['{'], ended: true }],
    ['broken UTF-8', 400, { headers: {}, pieces: [Buffer.of(0x22, 0xff, 0x22)], ended: true }],
  ])('D03 D04 D30 refuses %s with %i, as readBody does', async (_, status, arrived) => {
    expect(() => readArrivedBody(request(arrived), LIMITS)).toThrow(RequestError)
    expect(() => readArrivedBody(request(arrived), LIMITS)).toThrow(
      expect.objectContaining({ status }),
    )
    await expect(readBody(request(arrived), LIMITS)).rejects.toMatchObject({ status })
  })

  it('D30 reads as many bytes as the bound, and not one more', () => {
    const pieces = [`[${' '.repeat(18)}]`]
    const req = request({ headers: {}, pieces, ended: true })
    expect(readArrivedBody(req, LIMITS)?.raw).toHaveLength(20)
  })
})

describe('a body that was put back', () => {
  it.each([
    ['the handler reads nothing', undefined],
    ['the handler reads it', (req: IncomingMessage) => text(req)],
  ])('D30 is gone once the request is answered, where %s', async (_, read) => {
    const ended = vi.fn()
    const port = await serve(async (req, res) => {
      // The bytes are there, and Node has not yet said that they were the last.
      await new Promise((resolve) => process.nextTick(resolve))
      expect(readArrivedBody(req, LIMITS)).toBeDefined()
      req.once('end', ended)
      await read?.(req)
      res.end('done')
    })
    const agent = new Agent({ keepAlive: true })
    onTestFinished(() => agent.destroy())
    const headers = { ...LENGTH, 'content-type': 'application/json' }
    const req = sendRequest({ port, host: '127.0.0.1', agent, method: 'POST', headers })
    req.end(BODY)
    const [res] = (await once(req, 'response')) as [IncomingMessage]
    expect(await text(res)).toBe('done')
    await vi.waitFor(() => expect(ended).toHaveBeenCalledOnce(), 10_000)
  })
})
