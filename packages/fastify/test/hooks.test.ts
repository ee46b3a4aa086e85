import { gzipSync } from 'node:zlib'
import {
  legacyPost,
  message,
  openRawStream,
  principalNames,
  toolCall,
  until,
} from '@mcp-mtls/testing'
import { describe, expect, it } from 'vitest'
import { mcpMtls, principalOf } from '../src/index.js'
import { createStage } from './stage.js'

const stage = createStage()
const list = legacyPost(message('tools/list'))
const tools = ['search', 'deploy'].map((name) => ({ name }))
const listing = { jsonrpc: '2.0', id: 1, result: { tools } }

describe('the caller', () => {
  it('is on Fastify’s request, and on Node’s as the SDK’s authInfo', async () => {
    const draft = await stage.draft()
    draft.app.register(mcpMtls, draft.options)
    draft.app.post('/mcp', ({ principal, raw }) => ({
      same: principal === principalOf(Reflect.get(raw, 'auth')),
      name: principal?.name,
      auth: Reflect.get(raw, 'auth'),
    }))
    const answer = await (await draft.listen()).send('/mcp')
    expect(answer.json).toMatchObject({
      same: true,
      name: principalNames.reader,
      auth: { token: '', clientId: principalNames.reader, scopes: [] },
    })
  })

  it('is one of its own for every request', async () => {
    const draft = await stage.draft()
    draft.app.register(mcpMtls, draft.options)
    draft.app.post('/mcp', draft.handler)
    const running = await draft.listen()
    await Promise.all([running.send('/mcp'), running.send('/mcp', {}, 'operator')])
    expect(draft.reached.map(({ principal }) => principal?.name).toSorted()).toEqual(
      Object.values(principalNames).toSorted(),
    )
  })

  it('is known to hooks that come after the guard', async () => {
    const draft = await stage.draft()
    const names: unknown[] = []
    draft.app.register(mcpMtls, draft.options)
    await draft.app.after()
    draft.app.addHook('onRequest', async ({ principal }) => void names.push(principal?.name))
    draft.app.post('/mcp', draft.handler)
    await (await draft.listen()).send('/mcp')
    expect(names).toEqual([principalNames.reader])
  })

  it('that another plugin put on Node’s request is refused', async () => {
    const draft = await stage.draft()
    draft.app.addHook('onRequest', async ({ raw }) => {
      Object.assign(raw, { auth: { token: 'x', clientId: 'x', scopes: [] } })
    })
    draft.app.register(mcpMtls, draft.options)
    draft.app.post('/mcp', draft.handler)
    expect((await (await draft.listen()).send('/mcp')).status).toBe(500)
    expect(draft.reached).toEqual([])
    expect(draft.events.at(-1)?.reason).toContain('req.auth was set before the guard ran')
  })
})

describe('D29 a request is not handled', () => {
  it.each(['onRequest', 'preValidation', 'preHandler'] as const)(
    'after an %s hook of another plugin has thrown',
    async (name) => {
      const draft = await stage.draft()
      draft.app.addHook(name, async () => {
        throw new Error('canary-of-a-hook')
      })
      draft.app.register(mcpMtls, draft.options)
      draft.app.post('/mcp', draft.handler)
      expect((await (await draft.listen()).send('/mcp')).status).toBe(500)
      expect(draft.reached).toEqual([])
    },
  )

  it.each(['reader', 'stranger'] as const)(
    'for the %s while the audit sink throws',
    async (who) => {
      const draft = await stage.draft()
      const audit = () => {
        throw new Error('canary-of-the-sink')
      }
      draft.app.register(mcpMtls, { ...draft.options, audit })
      draft.app.post('/mcp', draft.handler)
      const answer = await (await draft.listen()).send('/mcp', {}, who)
      expect(answer.status).toBe(500)
      expect(answer.body).not.toContain('canary')
      expect(draft.reached).toEqual([])
    },
  )

  it('after a refusal, by hooks that come after the guard', async () => {
    const draft = await stage.draft()
    const ran: string[] = []
    draft.app.register(mcpMtls, draft.options)
    await draft.app.after()
    for (const name of ['onRequest', 'preValidation', 'preHandler'] as const) {
      draft.app.addHook(name, async () => void ran.push(name))
    }
    draft.app.post('/mcp', draft.handler)
    const running = await draft.listen()
    expect((await running.send('/mcp', {}, 'stranger')).status).toBe(403)
    expect(ran).toEqual([])
    const denied = await running.send('/mcp', legacyPost(toolCall('deploy')))
    expect(denied.json).toMatchObject({ error: { code: -31403 } })
    expect(ran).not.toContain('preHandler')
    expect(draft.reached).toEqual([])
  })
})

describe('D19 a list', () => {
  it('that a handler sends through Fastify is filtered', async () => {
    const draft = await stage.draft()
    draft.app.register(mcpMtls, draft.options)
    draft.app.post('/mcp', () => listing)
    const answer = await (await draft.listen()).send('/mcp', list)
    expect(answer.json).toMatchObject({ result: { tools: [{ name: 'search' }] } })
    expect(answer.body).not.toContain('deploy')
  })

  it('that an onSend hook has changed is filtered after that', async () => {
    const draft = await stage.draft()
    draft.app.addHook('onSend', async () => JSON.stringify(listing))
    draft.app.register(mcpMtls, draft.options)
    draft.app.post('/mcp', () => ({}))
    const answer = await (await draft.listen()).send('/mcp', list)
    expect(answer.json).toMatchObject({ result: { tools: [{ name: 'search' }] } })
  })

  it('that an onSend hook has compressed is not sent', async () => {
    const draft = await stage.draft()
    draft.app.addHook('onSend', async (_request, reply, payload) => {
      reply.header('content-encoding', 'gzip')
      return gzipSync(String(payload))
    })
    draft.app.register(mcpMtls, draft.options)
    draft.app.post('/mcp', () => listing)
    const answer = await (await draft.listen()).send('/mcp', list)
    expect(answer).toMatchObject({ status: 500, json: { error: { code: -32603 } } })
    expect(answer.headers['content-encoding']).toBeUndefined()
  })
})

describe('closing the application', () => {
  it('ends the streams of every registration', async () => {
    const draft = await stage.draft()
    const paths = ['/a', '/b']
    for (const path of paths) {
      draft.app.register(mcpMtls, { ...draft.options, path })
      draft.app.get(path, (_request, reply) => {
        reply.hijack()
        reply.raw.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      })
    }
    await draft.listen()
    const address = draft.app.server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const certificate = stage.certificates.clients.reader
    const streams = await Promise.all(
      paths.map((path) => openRawStream(`https://localhost:${port}${path}`, { certificate })),
    )
    expect(streams.map(({ status }) => status)).toEqual([200, 200])
    let closed = false
    void draft.app.close().then(() => {
      closed = true
    })
    await Promise.all(streams.map(({ ended }) => ended))
    await until(() => closed)
  })
})
