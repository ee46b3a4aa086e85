import { describe, expect, it } from 'vitest'
import { mcpMtls } from '../src/index.js'
import { createStage, plugin } from './stage.js'

const stage = createStage()

// What may reach a route /mcp; see threats.md D26.
const targets = [
  '/mcp',
  '/mcp?x=1',
  '/mcp#f',
  '/%6dcp',
  '/%6Dcp',
  '/mc%70',
  'https://evil.test/mcp',
  '/MCP',
  '/Mcp',
  '/mcp/',
  '//mcp',
  '/mcp//',
  '/./mcp',
  '/x/../mcp',
  '/mcp;a=b',
  '/mcp%2f',
  '/%2fmcp',
]

const routers = [
  { what: 'a strict router', routerOptions: {}, serves: ['/mcp', '/%6dcp', '/mcp#f'] },
  {
    what: 'a router that ignores case and slashes',
    routerOptions: {
      caseSensitive: false,
      ignoreTrailingSlash: true,
      ignoreDuplicateSlashes: true,
    },
    serves: ['/mcp', '/MCP', '/mcp/', '//mcp'],
  },
  {
    what: 'a router that cuts at semicolons',
    routerOptions: { useSemicolonDelimiter: true },
    serves: ['/mcp', '/mcp;a=b'],
  },
]

describe.each(routers)('D26 $what', ({ routerOptions, serves }) => {
  it.each(targets)(
    'hands nothing to the handler by %s that the guard has not seen',
    async (target) => {
      const draft = await stage.draft({ routerOptions })
      draft.app.register(mcpMtls, draft.options)
      draft.app.post('/mcp', draft.handler)
      const running = await draft.listen()
      await running.sendTarget(target, 'stranger')
      expect(draft.reached).toEqual([])
      const answer = await running.sendTarget(target)
      expect(answer).toMatch(
        serves.includes(target) ? /^HTTP\/1\.1 200 / : /^HTTP\/1\.1 (200|404) /,
      )
      expect(draft.reached.every(({ principal }) => principal !== null)).toBe(true)
      expect(draft.reached).toHaveLength(answer.startsWith('HTTP/1.1 200') ? 1 : 0)
    },
  )
})

describe('D26 a route declared in another spelling than the guarded path', () => {
  it.each(['/MCP', '/mcp/', '//mcp', '/mcp/:version?'])('%s is guarded', async (declared) => {
    const draft = await stage.draft({ routerOptions: routers[1]?.routerOptions ?? {} })
    draft.app.register(mcpMtls, draft.options)
    draft.app.post(declared, draft.handler)
    const running = await draft.listen()
    expect((await running.send('/mcp', {}, 'stranger')).status).toBe(403)
    expect(draft.reached).toEqual([])
    expect((await running.send('/mcp')).status).toBe(200)
    expect(draft.reached).toHaveLength(1)
  })

  it('is guarded with and without the slash that a prefix adds', async () => {
    const draft = await stage.draft()
    draft.app.register(mcpMtls, draft.options)
    draft.app.register(
      plugin((child) => child.post('/', draft.handler)),
      { prefix: '/mcp' },
    )
    const running = await draft.listen()
    for (const path of ['/mcp', '/mcp/']) {
      expect((await running.send(path, {}, 'stranger')).status).toBe(403)
      expect((await running.send(path)).status).toBe(200)
    }
    expect(draft.reached).toHaveLength(2)
  })
})

describe('what else can answer at a guarded path', () => {
  it('D18 the HEAD route that Fastify adds to a GET route is guarded, and not served', async () => {
    const draft = await stage.draft({ exposeHeadRoutes: true })
    draft.app.register(mcpMtls, draft.options)
    draft.app.get('/mcp', draft.handler)
    const running = await draft.listen()
    expect((await running.send('/mcp', { method: 'HEAD' }, 'stranger')).status).toBe(403)
    expect((await running.send('/mcp', { method: 'HEAD' })).status).toBe(405)
    expect(draft.reached).toEqual([])
    expect((await running.send('/mcp', { method: 'GET' })).status).toBe(200)
  })

  it('routes of one path for different hosts are all guarded', async () => {
    const draft = await stage.draft()
    draft.app.register(mcpMtls, draft.options)
    for (const host of ['a.test', 'b.test']) {
      draft.app.post('/mcp', { constraints: { host } }, draft.handler)
    }
    const running = await draft.listen()
    for (const host of ['a.test', 'b.test']) {
      expect(await running.sendTarget('/mcp', 'stranger', host)).toMatch(/^HTTP\/1\.1 403 /)
      expect(await running.sendTarget('/mcp', 'reader', host)).toMatch(/^HTTP\/1\.1 200 /)
    }
    expect(draft.reached.filter(({ principal }) => principal !== null)).toHaveLength(2)
  })

  it('D34 a handler for what has no route does not stand in for the guarded route', async () => {
    const draft = await stage.draft()
    draft.app.register(mcpMtls, draft.options)
    draft.app.setNotFoundHandler(draft.handler)
    await expect(draft.listen()).rejects.toThrow('no such route exists')
  })

  it('D34 a handler for what has no route leaves the guarded route guarded', async () => {
    const draft = await stage.draft()
    draft.app.register(mcpMtls, draft.options)
    draft.app.setNotFoundHandler(({ principal }, reply) => {
      void reply.code(404).send({ principal })
    })
    draft.app.post('/mcp', draft.handler)
    const running = await draft.listen()
    expect((await running.send('/mcp', {}, 'stranger')).status).toBe(403)
    expect(await running.send('/elsewhere')).toMatchObject({
      status: 404,
      json: { principal: null },
    })
  })
})

describe('routes beside the guarded one', () => {
  it('are not guarded, and have no principal and no auth', async () => {
    const draft = await stage.draft()
    draft.app.register(mcpMtls, draft.options)
    draft.app.post('/mcp', draft.handler)
    draft.app.post('/open', ({ principal, raw, body }) => ({
      principal,
      auth: Reflect.has(raw, 'auth'),
      body,
    }))
    const running = await draft.listen()
    const answer = await running.send('/open', {}, 'stranger')
    expect(answer).toMatchObject({
      status: 200,
      json: { principal: null, auth: false, body: { method: 'tools/call' } },
    })
    expect(draft.events).toEqual([])
  })
})
