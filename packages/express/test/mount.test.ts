import { legacyPost, message, openRawStream, principalNames, toolCall } from '@mcp-mtls/testing'
import type { ErrorRequestHandler } from 'express'
import { describe, expect, it } from 'vitest'
import { definePolicy, type McpMtls, mcpMtls, principalOf } from '../src/index.js'
import { createStage, type Draft, type ExpressLine, lines } from './stage.js'

const stage = createStage()

// What may reach a route /mcp; see threats.md D26.
const targets = [
  '/mcp',
  '/mcp?x=1',
  '/mcp#f',
  '/MCP',
  '/Mcp/',
  '/mcp/',
  '//mcp',
  '/mcp//',
  '/./mcp',
  '/x/../mcp',
  '/%6dcp',
  '/mcp%2f',
  '/mcp;a=b',
  'https://evil.test/mcp',
  '/mcp/x',
  '/mcp/../mcp',
  '/mcp\\',
]

interface Mount {
  readonly what: string
  build(draft: Draft, mcp: McpMtls, line: ExpressLine): void
}

const mounts: readonly Mount[] = [
  { what: 'on the route', build: ({ app, handler }, mcp) => app.post('/mcp', mcp, handler) },
  {
    what: 'before the routes of its path',
    build({ app, handler }, mcp) {
      app.use('/mcp', mcp)
      app.post('/mcp', handler)
      app.post('/mcp/x', handler)
    },
  },
  {
    what: 'before a handler that takes everything below the path',
    build: ({ app, handler }, mcp) => app.use('/mcp', mcp, handler),
  },
  {
    what: 'in a router',
    build({ app, handler }, mcp, line) {
      app.use('/mcp', line.Router().use(mcp).post('/', handler).post('/x', handler))
    },
  },
]

describe.each(lines)('a guard in $line', ({ express }) => {
  it.each(mounts)(
    'D26 mounted $what sees everything that reaches the handler',
    async ({ build }) => {
      const draft = await stage.draft(express)
      build(draft, mcpMtls(draft.options), express)
      const running = await draft.listen()
      const served: string[] = []
      for (const target of targets) {
        await running.sendTarget(target, 'stranger')
        const answer = await running.sendTarget(target)
        if (answer.startsWith('HTTP/1.1 200 ')) served.push(target)
      }
      expect(draft.reached.map(({ principal }) => principal?.name)).toEqual(
        served.map(() => principalNames.reader),
      )
      expect(served).toEqual(
        expect.arrayContaining(['/mcp', '/MCP', '/mcp/', '/mcp?x=1', '/mcp#f']),
      )
    },
  )

  it('tells the handler who is calling, also as the SDK’s authInfo', async () => {
    const draft = await stage.draft(express)
    draft.app.post('/mcp', mcpMtls(draft.options), (req, res) => {
      const auth: unknown = Reflect.get(req, 'auth')
      res.json({ same: principalOf(auth) === req.principal, name: req.principal?.name, auth })
    })
    expect((await (await draft.listen()).send('/mcp')).json).toMatchObject({
      same: true,
      name: principalNames.reader,
      auth: { token: '', clientId: principalNames.reader, scopes: [] },
    })
  })

  it('can be one for several routes', async () => {
    const draft = await stage.draft(express)
    const mcp = mcpMtls(draft.options)
    draft.app.all('/a', mcp, draft.handler)
    draft.app.all('/b', mcp, draft.handler)
    const running = await draft.listen()
    for (const path of ['/a', '/b']) {
      await mcp.verify(running.server, path)
      expect((await running.send(path)).status).toBe(200)
      expect((await running.send(path, {}, 'stranger')).status).toBe(403)
    }
    expect(draft.reached).toHaveLength(2)
  })

  it('leaves other routes alone', async () => {
    const draft = await stage.draft(express)
    draft.app.post('/mcp', mcpMtls(draft.options), draft.handler)
    draft.app.post('/open', (req, res) => {
      res.json({ principal: req.principal ?? null, auth: Reflect.has(req, 'auth') })
    })
    const answer = await (await draft.listen()).send('/open', {}, 'stranger')
    expect(answer.json).toEqual({ principal: null, auth: false })
    expect(draft.events).toEqual([])
  })
})

describe.each(lines)('two guards in one chain of $line', ({ express }) => {
  it('are one decision where it is the same guard twice', async () => {
    const draft = await stage.draft(express)
    const mcp = mcpMtls(draft.options)
    draft.app.use('/mcp', mcp)
    draft.app.post('/mcp', mcp, (_req, res) => {
      draft.reached.push({ principal: undefined, body: undefined })
      const tools = ['search', 'deploy'].map((name) => ({ name }))
      res.json({ jsonrpc: '2.0', id: 1, result: { tools } })
    })
    const running = await draft.listen()
    await mcp.verify(running.server, '/mcp')
    const answer = await running.send('/mcp', legacyPost(message('tools/list')))
    expect(answer.json).toMatchObject({ result: { tools: [{ name: 'search' }] } })
    expect(draft.events).toHaveLength(1)
    const denied = await running.send('/mcp', legacyPost(toolCall('deploy')))
    expect(denied.json).toMatchObject({ error: { code: -31403 } })
    expect(draft.reached).toHaveLength(1)
  })

  it('decide on what the handler receives where something changes the body between them', async () => {
    const draft = await stage.draft(express)
    const mcp = mcpMtls(draft.options)
    draft.app.use('/mcp', mcp, (req, _res, next) => {
      req.body = toolCall('deploy')
      next()
    })
    draft.app.post('/mcp', mcp, draft.handler)
    await (await draft.listen()).send('/mcp')
    expect(draft.reached.map(({ body }) => body)).toEqual([toolCall('search')])
  })

  it('are refused where they are two, and the log says so', async () => {
    const draft = await stage.draft(express)
    const policy = definePolicy({
      version: 1,
      roles: { all: { tools: ['*'] } },
      assignments: [{ spiffe: 'spiffe://acme.test/**', roles: ['all'] }],
    })
    draft.app.use('/mcp', mcpMtls({ ...draft.options, policy }))
    draft.app.post('/mcp', mcpMtls(draft.options), draft.handler)
    const answer = await (await draft.listen()).send('/mcp')
    expect(answer).toMatchObject({ status: 500, json: { error: { code: -32603 } } })
    expect(draft.reached).toEqual([])
    expect(draft.events.at(-1)).toMatchObject({
      type: 'error',
      reason: expect.stringContaining('two guards stand before one handler'),
    })
  })

  it('are refused where the other is something else that sets req.auth', async () => {
    const draft = await stage.draft(express)
    draft.app.use((req, _res, next) => {
      Object.assign(req, { auth: { token: 'x', clientId: 'x', scopes: [], extra: {} } })
      next()
    })
    draft.app.post('/mcp', mcpMtls(draft.options), draft.handler)
    expect((await (await draft.listen()).send('/mcp')).status).toBe(500)
    expect(draft.reached).toEqual([])
    expect(draft.events.at(-1)?.reason).toContain('req.auth was set before the guard ran')
  })
})

describe.each(lines)('D29 after a refusal in $line', ({ express }) => {
  async function watched(options: Partial<Draft['options']> = {}) {
    const draft = await stage.draft(express)
    const ran: string[] = []
    const onError: ErrorRequestHandler = (_error, _req, res, _next) => {
      ran.push('error handler')
      res.status(500).end()
    }
    draft.app.post(
      '/mcp',
      mcpMtls({ ...draft.options, ...options }),
      (_req, _res, next) => {
        ran.push('middleware')
        next()
      },
      draft.handler,
    )
    draft.app.use(draft.handler, onError)
    return { draft, ran, running: await draft.listen() }
  }

  it.each([
    ['a principal without a role', 'stranger', toolCall('search'), 403],
    ['a denied call', 'reader', toolCall('deploy'), 200],
    ['a broken message', 'reader', { jsonrpc: '2.0' }, 400],
  ] as const)('of %s, nothing that comes later runs', async (_, who, body, status) => {
    const { draft, ran, running } = await watched()
    expect((await running.send('/mcp', legacyPost(body), who)).status).toBe(status)
    expect(ran).toEqual([])
    expect(draft.reached).toEqual([])
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('canary-of-the-sink')
      },
    ],
    ['rejects', () => Promise.reject(new Error('canary-of-the-sink'))],
    ['answers with a promise', () => Promise.resolve()],
  ])('because the audit sink %s, nothing that comes later runs', async (_, audit) => {
    const { draft, ran, running } = await watched({ audit })
    for (const who of ['reader', 'stranger'] as const) {
      const answer = await running.send('/mcp', {}, who)
      expect(answer.status).toBe(500)
      expect(answer.body).not.toContain('canary')
    }
    expect(ran).toEqual([])
    expect(draft.reached).toEqual([])
  })

  it('an allowed request runs everything once', async () => {
    const { draft, ran, running } = await watched()
    expect((await running.send('/mcp')).status).toBe(200)
    expect(ran).toEqual(['middleware'])
    expect(draft.reached).toHaveLength(1)
  })
})

describe.each(lines)('close in $line', ({ express }) => {
  it('ends open streams, and refuses later requests with 503', async () => {
    const draft = await stage.draft(express)
    const mcp = mcpMtls(draft.options)
    draft.app.get('/mcp', mcp, (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    })
    draft.app.post('/mcp', mcp, draft.handler)
    const running = await draft.listen()
    const certificate = stage.certificates.clients.reader
    const stream = await openRawStream(running.url, { certificate })
    expect(stream.status).toBe(200)
    await mcp.close()
    await stream.ended
    const answer = await running.send('/mcp')
    expect(answer.status).toBe(503)
    expect(answer.headers['retry-after']).toBeDefined()
    expect(draft.reached).toEqual([])
  })
})
