import { gzipSync } from 'node:zlib'
import { legacyPost, toolCall } from '@mcp-mtls/testing'
import type { RequestHandler } from 'express'
import { describe, expect, it } from 'vitest'
import { mcpMtls } from '../src/index.js'
import { createStage, type ExpressLine, lines } from './stage.js'

const stage = createStage()
const search = legacyPost(toolCall('search'))
const twice = search.body.replace('"name":"search"', '"name":"search","name":"deploy"')

async function behind(express: ExpressLine, ...parsers: RequestHandler[]) {
  const draft = await stage.draft(express)
  if (parsers.length > 0) draft.app.use(parsers)
  draft.app.post('/mcp', mcpMtls(draft.options), draft.handler)
  return { ...draft, running: await draft.listen() }
}

function typed(type: string | undefined) {
  const { 'content-type': _, ...headers } = search.headers
  return { headers: type === undefined ? headers : { ...headers, 'content-type': type } }
}

describe.each(lines)('behind express.json() of $line', ({ express }) => {
  it('D03 the very object it parsed is decided on and handed on', async () => {
    const parsed: unknown[] = []
    const { running, reached } = await behind(express, express.json(), (req, _res, next) => {
      parsed.push(req.body)
      next()
    })
    expect((await running.send('/mcp')).status).toBe(200)
    expect(parsed).toHaveLength(1)
    expect(reached[0]?.body).toBe(parsed[0])
  })

  it('D02 of a key given twice, the value it kept is decided on', async () => {
    const { running, reached } = await behind(express, express.json())
    const answer = await running.send('/mcp', { headers: search.headers, body: twice })
    expect(answer.json).toMatchObject({ error: { code: -31403 } })
    expect(reached).toEqual([])
  })

  it.each([
    'text/plain',
    'text/plain;a=application/json',
    'application/jsonx',
    'application/json-patch+json',
    'application/x-www-form-urlencoded',
    undefined,
  ])('D03 a body of type %s, which it leaves alone, is refused', async (type) => {
    const { running, reached } = await behind(express, express.json())
    const answer = await running.send('/mcp', { ...typed(type), body: search.body })
    expect(answer).toMatchObject({ status: 415, json: { error: { code: -32600 } } })
    expect(reached).toEqual([])
  })

  it('D04 a compressed body, which it reads, is refused', async () => {
    const { running, reached } = await behind(express, express.json())
    const headers = { ...search.headers, 'content-encoding': 'gzip' }
    const answer = await running.send('/mcp', { headers, body: gzipSync(search.body) })
    expect(answer.status).toBe(415)
    expect(reached).toEqual([])
  })

  it('D04 a __proto__ key, which it keeps, is refused', async () => {
    const { running, reached } = await behind(express, express.json())
    const body = search.body.replace('"arguments":{}', '"arguments":{},"__proto__":{}')
    expect((await running.send('/mcp', { headers: search.headers, body })).status).toBe(400)
    expect(reached).toEqual([])
  })
})

describe.each(lines)('behind another parser of $line', ({ express }) => {
  it.each([
    ['express.text()', (line: ExpressLine) => line.text({ type: '*/*' })],
    ['express.raw()', (line: ExpressLine) => line.raw({ type: '*/*' })],
    [
      'express.urlencoded()',
      (line: ExpressLine) => line.urlencoded({ type: '*/*', extended: false }),
    ],
    ['express.json() that takes scalars', (line: ExpressLine) => line.json({ strict: false })],
  ])('D03 what %s leaves is refused', async (_, parser) => {
    const { running, reached } = await behind(express, parser(express))
    const answer = await running.send('/mcp', { headers: search.headers, body: '"text"' })
    expect([400, 415]).toContain(answer.status)
    expect(reached).toEqual([])
  })

  it('D03 a body that something has read and left nothing of is refused', async () => {
    const { running, reached } = await behind(express, (req, _res, next) => {
      req.resume().once('end', () => next())
    })
    expect((await running.send('/mcp')).status).toBe(415)
    expect(reached).toEqual([])
  })
})

describe.each(lines)('before express.json() of $line', ({ express }) => {
  it('the body that was decided on stays', async () => {
    const draft = await stage.draft(express)
    draft.app.post('/mcp', mcpMtls(draft.options), express.json(), draft.handler)
    const running = await draft.listen()
    expect((await running.send('/mcp')).status).toBe(200)
    expect(draft.reached.map(({ body }) => body)).toEqual([toolCall('search')])
  })

  it('the body can be read once more from the stream, as it was sent', async () => {
    const draft = await stage.draft(express)
    draft.app.post('/mcp', mcpMtls(draft.options), (req, res, next) => {
      let text = ''
      req.on('data', (chunk) => {
        text += String(chunk)
      })
      req.once('end', () => res.json({ text }))
      req.once('error', next)
    })
    expect((await (await draft.listen()).send('/mcp')).json).toEqual({ text: search.body })
  })
})
