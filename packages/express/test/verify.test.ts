import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { join } from 'node:path'
import { until } from '@mcp-mtls/testing'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type McpMtls, mcpMtls } from '../src/index.js'
import { createStage, type Draft, type ExpressLine, lines } from './stage.js'

const stage = createStage()

afterEach(() => void vi.useRealTimers())

interface Mount {
  readonly what: string
  readonly path?: string
  build(draft: Draft, mcp: McpMtls, line: ExpressLine): void
}

const guarded: readonly Mount[] = [
  { what: 'on the route', build: ({ app, handler }, mcp) => app.all('/mcp', mcp, handler) },
  { what: 'on POST alone', build: ({ app, handler }, mcp) => app.post('/mcp', mcp, handler) },
  {
    what: 'before the routes of its path',
    build({ app, handler }, mcp) {
      app.use('/mcp', mcp)
      app.post('/mcp', handler)
      app.get('/mcp', handler)
    },
  },
  {
    what: 'before everything',
    build({ app, handler }, mcp) {
      app.use(mcp)
      app.all('/mcp', handler)
    },
  },
  {
    what: 'in a router',
    path: '/api/mcp',
    build({ app, handler }, mcp, line) {
      const router = line.Router()
      router.all('/mcp', mcp, handler)
      app.use('/api', router)
    },
  },
  {
    what: 'before a router',
    path: '/teams/blue/mcp',
    build({ app, handler }, mcp, line) {
      app.use('/teams/:team/mcp', mcp, line.Router().all('/', handler))
    },
  },
  {
    what: 'behind express.json()',
    build({ app, handler }, mcp, line) {
      app.use(line.json())
      app.all('/mcp', mcp, handler)
    },
  },
  {
    what: 'beside open routes',
    build({ app, handler }, mcp) {
      app.get('/', handler)
      app.all('/mcp', mcp, handler)
      app.get('/mcp/docs', handler)
    },
  },
]

const failing: ErrorRequestHandler = (_error, _req, res, _next) => void res.json({})

const bypassed: readonly (Mount & { readonly message: string })[] = [
  {
    what: 'D34 the handler is mounted before the guard',
    message: 'POST /mcp answered 200 without asking the guard',
    build({ app, handler }, mcp) {
      app.use('/mcp', handler)
      app.all('/mcp', mcp, handler)
    },
  },
  {
    what: 'D18 GET is served beside the guard',
    message: 'GET /mcp answered 200 without asking the guard',
    build({ app, handler }, mcp) {
      app.post('/mcp', mcp, handler)
      app.get('/mcp', handler)
    },
  },
  {
    what: 'DELETE is served beside the guard',
    message: 'DELETE /mcp answered 200 without asking the guard',
    build({ app, handler }, mcp) {
      app.delete('/mcp', handler)
      app.all('/mcp', mcp, handler)
    },
  },
  {
    what: 'the guard is on another path',
    message: 'POST /mcp answered 200 without asking the guard',
    build({ app, handler }, mcp) {
      app.use('/other', mcp)
      app.all('/mcp', handler)
    },
  },
  {
    what: 'there is no such route',
    message: 'no route /mcp passes through it',
    build: ({ app, handler }, mcp) => app.all('/other', mcp, handler),
  },
  {
    what: 'D34 what answers is the handler for everything else',
    message: 'POST /mcp answered 200 without asking the guard',
    build({ app, handler }, mcp) {
      app.all('/other', mcp, handler)
      app.use(handler)
    },
  },
  {
    what: 'D34 what answers is the handler for errors',
    message: 'POST /mcp answered 200 without asking the guard',
    build({ app, handler }, mcp) {
      const broken: RequestHandler = () => {
        throw new Error('broken')
      }
      app.use(broken)
      app.all('/mcp', mcp, handler)
      app.use(failing)
    },
  },
  {
    what: 'D34 another guard answers',
    message: 'POST /mcp answered 503 without asking the guard',
    build({ app, handler, options }, mcp) {
      app.all('/mcp', mcpMtls(options), mcp, handler)
    },
  },
]

describe.each(lines)('verify with $line', ({ express: line }) => {
  it.each(guarded)('passes a guard mounted $what', async ({ path = '/mcp', build }) => {
    const draft = await stage.draft(line)
    const mcp = mcpMtls(draft.options)
    build(draft, mcp, line)
    const running = await draft.listen()
    await mcp.verify(running.server, path)
    expect(draft.reached).toEqual([])
    expect(draft.events).toEqual([])
    expect((await running.send(path)).status).toBe(200)
    expect((await running.send(path, {}, 'stranger')).status).toBe(403)
    expect(draft.reached).toHaveLength(1)
  })

  it.each(bypassed)('closes the server where $what', async ({ build, message }) => {
    const draft = await stage.draft(line)
    const mcp = mcpMtls(draft.options)
    build(draft, mcp, line)
    const { server } = await draft.listen()
    await expect(mcp.verify(server, '/mcp')).rejects.toThrow(
      `the MCP route is not guarded: ${message}`,
    )
    expect(server.listening).toBe(false)
  })

  it('closes the server where a handler beside the guard never ends its answer', async () => {
    const draft = await stage.draft(line)
    const mcp = mcpMtls(draft.options)
    let opened = false
    draft.app.get('/mcp', (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      opened = true
    })
    draft.app.post('/mcp', mcp, draft.handler)
    const { server } = await draft.listen()
    await mcp.ready()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const refusal = expect(mcp.verify(server, '/mcp')).rejects.toThrow(
      'GET /mcp gave no answer without asking the guard',
    )
    await vi.waitFor(() => expect(opened).toBe(true), 10_000)
    await vi.advanceTimersByTimeAsync(10_000)
    await refusal
    expect(server.listening).toBe(false)
  })
})

describe('verify', () => {
  async function mounted() {
    const draft = await stage.draft(express)
    const mcp = mcpMtls(draft.options)
    draft.app.all('/mcp', mcp, draft.handler)
    return { ...draft, mcp }
  }

  it.each([
    ['a server without TLS', (app: RequestListener): Server => createHttpServer(app)],
    ['a server with TLS of its own', (app: RequestListener): Server => createHttpsServer(app)],
  ])('closes %s where the guard has a TLS source', async (_, create) => {
    const { app, mcp } = await mounted()
    const server = create(app)
    server.listen(0, '127.0.0.1')
    await until(() => server.listening)
    await expect(mcp.verify(server, '/mcp')).rejects.toThrow(
      'this server does not use the TLS source: create it with tls.createServer(app)',
    )
    expect(server.listening).toBe(false)
  })

  it('closes a server without TLS where the guard has no TLS source either', async () => {
    const { app, options } = await mounted()
    const { tls: _, ...others } = options
    const mcp = mcpMtls(others)
    const server = createHttpServer(app).listen(0, '127.0.0.1')
    await expect(mcp.verify(server, '/mcp')).rejects.toThrow('this server has no TLS')
    expect(server.listening).toBe(false)
  })

  it('closes the server where the policy cannot be used', async () => {
    const { tls, app, options } = await stage.draft(express)
    const policy = join(stage.certificates.directory, 'missing.yaml')
    const mcp = mcpMtls({ ...options, policy })
    app.all('/mcp', mcp)
    const server = tls.createServer(app)
    server.listen(0, '127.0.0.1')
    await expect(mcp.verify(server, '/mcp')).rejects.toMatchObject({ code: 'ERR_MTLS_POLICY' })
    await expect(mcp.ready()).rejects.toThrow('missing.yaml')
    expect(server.listening).toBe(false)
  })

  it('takes a whole URL for an application that checks Host', async () => {
    const draft = await stage.draft(express)
    const mcp = mcpMtls(draft.options)
    draft.app.use((req, res, next) => {
      if (req.headers.host === 'mcp.acme.test') next()
      else res.status(403).end()
    })
    draft.app.all('/mcp', mcp, draft.handler)
    const { server } = await draft.listen()
    await mcp.verify(server, 'https://mcp.acme.test/mcp')
    expect(server.listening).toBe(true)
    await expect(mcp.verify(server, '/mcp')).rejects.toThrow('give verify the whole URL')
  })
})
