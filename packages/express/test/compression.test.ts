import type { OutgoingHttpHeaders } from 'node:http'
import { request } from 'node:https'
import { gunzipSync, gzipSync } from 'node:zlib'
import { legacyPost, message } from '@mcp-mtls/testing'
import type { RequestHandler } from 'express'
import { describe, expect, it } from 'vitest'
import { mcpMtls } from '../src/index.js'
import { createStage, type Draft, lines } from './stage.js'

const stage = createStage()
const list = legacyPost(message('tools/list'))
const tools = ['search', 'deploy'].map((name) => ({ name }))

/** Compresses whole answers, in the way of the usual middleware: by standing in for `writeHead` and `end`. */
const compress: RequestHandler = (_req, res, next) => {
  const { writeHead, end } = res
  Object.assign(res, {
    writeHead(status: number, headers: OutgoingHttpHeaders = {}) {
      res.setHeader('content-encoding', 'gzip')
      res.removeHeader('content-length')
      return Reflect.apply(writeHead, res, [status, headers])
    },
    end(body: string | Buffer | undefined) {
      if (!res.headersSent) res.writeHead(res.statusCode)
      return Reflect.apply(end, res, [gzipSync(body ?? '')])
    },
  })
  next()
}

const listTools: RequestHandler = (_req, res) => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, result: { tools } })
  res.setHeader('content-type', 'application/json')
  res.end(body)
}

async function received(draft: Draft) {
  const running = await draft.listen()
  // The answer as bytes, since a client of text would spoil it.
  const certificate = stage.certificates.clients.reader
  return new Promise<{ status: number; encoding: string | undefined; body: Buffer }>(
    (resolve, reject) => {
      const outgoing = request(
        running.url,
        { ...certificate, method: 'POST', headers: list.headers, agent: false },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.once('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              encoding: response.headers['content-encoding'],
              body: Buffer.concat(chunks),
            }),
          )
        },
      )
      outgoing.once('error', reject)
      outgoing.end(list.body)
    },
  )
}

describe.each(lines)('D19 compression in $line', ({ express }) => {
  it('mounted before the guard compresses what the guard has filtered', async () => {
    const draft = await stage.draft(express)
    draft.app.post('/mcp', compress, mcpMtls(draft.options), listTools)
    const { status, encoding, body } = await received(draft)
    expect({ status, encoding }).toEqual({ status: 200, encoding: 'gzip' })
    expect(JSON.parse(gunzipSync(body).toString())).toMatchObject({
      result: { tools: [{ name: 'search' }] },
    })
  })

  it('mounted after the guard hides the list from it, so nothing of it is sent', async () => {
    const draft = await stage.draft(express)
    draft.app.post('/mcp', mcpMtls(draft.options), compress, listTools)
    const { status, encoding, body } = await received(draft)
    expect({ status, encoding }).toEqual({ status: 500, encoding: undefined })
    expect(JSON.parse(body.toString())).toMatchObject({ error: { code: -32603 } })
  })
})
