import { legacyPost, toolCall } from '@mcp-mtls/testing'
import { describe, expect, it } from 'vitest'
import { mcpMtls } from '../src/index.js'
import { createStage, type Draft } from './stage.js'

const stage = createStage()
const search = toolCall('search', { query: 'x' })

async function guarded(settings: Parameters<typeof stage.draft>[0] = {}): Promise<Draft> {
  const draft = await stage.draft(settings)
  draft.app.register(mcpMtls, draft.options)
  return draft
}

describe('D28 the body', () => {
  it('is the object that was decided on, on Fastify’s request and on Node’s', async () => {
    const draft = await guarded()
    draft.app.post('/mcp', ({ body, raw }) => ({ same: body === Reflect.get(raw, 'body'), body }))
    const answer = await (await draft.listen()).send('/mcp', legacyPost(search))
    expect(answer.json).toEqual({ same: true, body: search })
  })

  it('can be read once more from the stream, as it was sent', async () => {
    const draft = await guarded()
    draft.app.post('/mcp', async ({ raw }) => {
      let text = ''
      for await (const chunk of raw) text += String(chunk)
      return { text }
    })
    const post = legacyPost(search)
    expect((await (await draft.listen()).send('/mcp', post)).json).toEqual({ text: post.body })
  })

  it('is there for the preValidation hooks that come after the guard', async () => {
    const draft = await guarded()
    const seen: unknown[] = []
    await draft.app.after()
    draft.app.addHook('preValidation', async ({ body }) => void seen.push(body))
    draft.app.post('/mcp', draft.handler)
    await (await draft.listen()).send('/mcp', legacyPost(search))
    expect(seen).toEqual([search])
  })

  it('is the guard’s own, whatever a parser of the application makes of it', async () => {
    const draft = await guarded()
    draft.app.removeContentTypeParser('application/json')
    draft.app.addContentTypeParser('application/json', (_request, payload, done) => {
      payload.resume().on('end', () => done(null, toolCall('deploy')))
    })
    draft.app.post('/mcp', draft.handler)
    expect((await (await draft.listen()).send('/mcp', legacyPost(search))).status).toBe(200)
    expect(draft.reached.map(({ body }) => body)).toEqual([search])
  })

  it('D03 is not executed where the application has no parser for JSON', async () => {
    const draft = await guarded()
    draft.app.removeAllContentTypeParsers()
    draft.app.post('/mcp', draft.handler)
    expect((await (await draft.listen()).send('/mcp')).status).toBe(415)
    expect(draft.reached).toEqual([])
  })

  it('D03 is refused where a hook before the guard has read the stream', async () => {
    const draft = await stage.draft()
    draft.app.addHook('onRequest', async ({ raw }) => {
      for await (const _ of raw);
    })
    draft.app.register(mcpMtls, draft.options)
    draft.app.post('/mcp', draft.handler)
    expect((await (await draft.listen()).send('/mcp')).status).toBe(415)
    expect(draft.reached).toEqual([])
  })
})

describe('D30 the smaller bound of Fastify’s holds too', () => {
  const large = legacyPost(toolCall('search', { query: 'x'.repeat(2048) }))

  it.each([
    ['announced by its length', {}],
    ['sent in chunks', { 'transfer-encoding': 'chunked' }],
  ])('for a body %s', async (_, headers) => {
    const draft = await guarded()
    draft.app.post('/mcp', { bodyLimit: 1024 }, draft.handler)
    const running = await draft.listen()
    const answer = await running.send('/mcp', {
      headers: { ...large.headers, ...headers },
      body: large.body,
    })
    expect(answer.status).toBe(413)
    expect(draft.reached).toEqual([])
    expect((await running.send('/mcp', legacyPost(search))).status).toBe(200)
  })
})

describe('a body schema of the route', () => {
  const schema = {
    body: {
      type: 'object',
      required: ['method'],
      properties: {
        method: { enum: ['tools/call'] },
        params: {
          type: 'object',
          additionalProperties: false,
          properties: {
            name: { type: 'string', default: 'search' },
            arguments: { type: 'object', properties: { count: { type: 'number' } } },
          },
        },
      },
    },
  }

  async function validating() {
    const draft = await guarded()
    draft.app.post('/mcp', { schema }, draft.handler)
    return { draft, running: await draft.listen() }
  }

  it('is applied to what was sent', async () => {
    const { draft, running } = await validating()
    expect((await running.send('/mcp', legacyPost(search))).status).toBe(200)
    const list = legacyPost({ ...search, method: 'tools/list' })
    expect((await running.send('/mcp', list)).status).toBe(400)
    expect(draft.reached).toHaveLength(1)
  })

  it('changes nothing of what the handler receives', async () => {
    const { draft, running } = await validating()
    const { params, ...call } = toolCall('search', { count: '7' })
    const sent = { ...call, params: { ...params, _meta: {} } }
    expect((await running.send('/mcp', legacyPost(sent))).status).toBe(200)
    expect(draft.reached.map(({ body }) => body)).toEqual([sent])
  })

  it('fills in nothing that would be decided on', async () => {
    const { draft, running } = await validating()
    const nameless = legacyPost({ ...search, params: {} })
    expect((await running.send('/mcp', nameless)).status).toBe(400)
    expect(draft.reached).toEqual([])
    expect(draft.events.map(({ effect }) => effect)).toEqual(['deny'])
  })
})
