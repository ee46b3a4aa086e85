import { principalNames } from '@mcp-mtls/testing'
import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { definePolicy, type McpMtlsOptions, mcpMtls } from '../src/index.js'
import { createStage, type Draft, plugin } from './stage.js'

const stage = createStage()

/** A layout the guard covers: where it is registered, where the route is, and under which path. */
interface Layout {
  readonly what: string
  readonly path?: string
  readonly guards?: McpMtlsOptions['path']
  build(draft: Draft, options: McpMtlsOptions): unknown
}

const covered: readonly Layout[] = [
  {
    what: 'a route declared after a registration that is not awaited',
    build({ app, handler }, options) {
      app.register(mcpMtls, options)
      app.all('/mcp', handler)
    },
  },
  {
    what: 'a route declared after a registration that is awaited',
    async build({ app, handler }, options) {
      await app.register(mcpMtls, options)
      app.all('/mcp', handler)
    },
  },
  {
    what: 'a route declared before the registration',
    build({ app, handler }, options) {
      app.all('/mcp', handler)
      app.register(mcpMtls, options)
    },
  },
  {
    what: 'a route in a child plugin registered after it',
    build({ app, handler }, options) {
      app.register(mcpMtls, options)
      app.register(plugin((child) => child.all('/mcp', handler)))
    },
  },
  {
    what: 'a route in a child plugin registered before it',
    build({ app, handler }, options) {
      app.register(plugin((child) => child.all('/mcp', handler)))
      app.register(mcpMtls, options)
    },
  },
  {
    what: 'a route under a prefix',
    path: '/api/v1/mcp',
    guards: '/api/v1/mcp',
    build({ app, handler }, options) {
      app.register(mcpMtls, options)
      app.register(
        plugin((child) => child.all('/mcp', handler)),
        { prefix: '/api/v1' },
      )
    },
  },
  {
    what: 'guard and route inside one child plugin',
    path: '/api/mcp',
    guards: '/api/mcp',
    build({ app, handler }, options) {
      app.register(
        plugin((child) => {
          child.all('/mcp', handler)
          return child.register(mcpMtls, options)
        }),
        { prefix: '/api' },
      )
    },
  },
  {
    what: 'a route beside routes whose patterns begin alike',
    build({ app, handler }, options) {
      app.get('/', () => 'home')
      app.get('/m', () => 'm')
      app.get('/mcp-docs', () => 'docs')
      app.get('/mcp/docs', () => 'docs')
      app.get('/other/mcp', () => 'other')
      app.register(mcpMtls, options)
      app.all('/mcp', handler)
    },
  },
  {
    what: 'a route with parameters',
    path: '/teams/blue/mcp',
    guards: '/teams/:team/mcp',
    build({ app, handler }, options) {
      app.register(mcpMtls, options)
      app.all('/teams/:team/mcp', handler)
      app.get('/teams/:name/members', () => [])
    },
  },
  {
    what: 'a route whose last parameter is optional',
    guards: '/mcp/:version?',
    build({ app, handler }, options) {
      app.register(mcpMtls, options)
      app.all('/mcp/:version?', handler)
    },
  },
  {
    what: 'a wildcard route',
    path: '/mcp/anything',
    guards: '/mcp/*',
    build({ app, handler }, options) {
      app.register(mcpMtls, options)
      app.all('/mcp/*', handler)
    },
  },
  {
    what: 'the route that catches everything',
    path: '/anything',
    guards: '*',
    build({ app, handler }, options) {
      app.register(mcpMtls, options)
      app.all('*', handler)
    },
  },
  {
    what: 'one of several paths',
    path: '/b',
    guards: ['/a', '/b'],
    build({ app, handler }, options) {
      app.register(mcpMtls, options)
      app.all('/a', handler)
      app.all('/b', handler)
    },
  },
]

async function open({ build, guards }: Layout) {
  const draft = await stage.draft()
  await build(draft, { ...draft.options, ...(guards !== undefined && { path: guards }) })
  return { ...draft, running: await draft.listen() }
}

describe('D27 a guarded layout', () => {
  it.each(covered)('$what: the reader gets in and is known', async (layout) => {
    const { running, reached } = await open(layout)
    expect((await running.send(layout.path ?? '/mcp')).status).toBe(200)
    expect(reached.map(({ principal }) => principal?.name)).toEqual([principalNames.reader])
  })

  it.each(covered)('$what: the stranger stays outside', async (layout) => {
    const { running, reached } = await open(layout)
    expect((await running.send(layout.path ?? '/mcp', {}, 'stranger')).status).toBe(403)
    expect(reached).toEqual([])
  })
})

const post = (app: FastifyInstance, { handler }: Draft) => void app.post('/mcp', handler)

describe('D27 a layout with an unguarded route', () => {
  it('fails the start where the guard is in one child plugin and the route in another', async () => {
    const draft = await stage.draft()
    draft.app.register(plugin((child) => child.register(mcpMtls, draft.options)))
    draft.app.register(plugin((child) => post(child, draft)))
    await expect(draft.listen()).rejects.toThrow(
      /route POST \/mcp is not guarded.*register mcpMtls on the parent/,
    )
  })

  it('fails the start where the guard is in a child plugin and the route above', async () => {
    const draft = await stage.draft()
    draft.app.register(plugin((child) => child.register(mcpMtls, draft.options)))
    post(draft.app, draft)
    await expect(draft.listen()).rejects.toThrow(/route POST \/mcp is not guarded/)
  })

  it('fails the start where only another method of the path is outside', async () => {
    const draft = await stage.draft()
    draft.app.register(
      plugin((child) => {
        post(child, draft)
        return child.register(mcpMtls, draft.options)
      }),
    )
    draft.app.get('/mcp', draft.handler)
    await expect(draft.listen()).rejects.toThrow(/route GET \/mcp is not guarded/)
  })

  it('fails the start where only another host of the path is outside', async () => {
    const draft = await stage.draft()
    draft.app.register(
      plugin((child) => {
        child.post('/mcp', { constraints: { host: 'a.test' } }, draft.handler)
        return child.register(mcpMtls, draft.options)
      }),
    )
    draft.app.post('/mcp', { constraints: { host: 'b.test' } }, draft.handler)
    await expect(draft.listen()).rejects.toThrow(/route POST \/mcp is not guarded/)
  })

  it('fails the start where only a spelling of the path with a slash at its end is outside', async () => {
    const draft = await stage.draft()
    draft.app.register(
      plugin((child) => {
        post(child, draft)
        return child.register(mcpMtls, draft.options)
      }),
    )
    draft.app.post('/mcp/', draft.handler)
    await expect(draft.listen()).rejects.toThrow(/route POST \/mcp\/ is not guarded/)
  })

  it('fails the start where no such route exists, and says what to write', async () => {
    const draft = await stage.draft()
    draft.app.register(mcpMtls, draft.options)
    draft.app.register(
      plugin((child) => post(child, draft)),
      { prefix: '/api' },
    )
    await expect(draft.listen()).rejects.toThrow(
      /guards \/mcp, but no such route exists: give `path` the route's full pattern, prefix included/,
    )
  })
})

describe('D27 two registrations', () => {
  it('guard disjoint paths, each by its own policy', async () => {
    const draft = await stage.draft()
    const nobody = definePolicy({ version: 1 })
    draft.app.register(mcpMtls, draft.options)
    draft.app.register(mcpMtls, { ...draft.options, path: '/closed', policy: nobody })
    draft.app.all('/mcp', draft.handler)
    draft.app.all('/closed', draft.handler)
    const running = await draft.listen()
    expect((await running.send('/mcp')).status).toBe(200)
    expect((await running.send('/closed')).status).toBe(403)
    expect(draft.reached).toHaveLength(1)
  })

  it.each(['/mcp', '/mcp/', '//mcp', '/MCP', '/mcp/:version?'])(
    'fail the start where the second claims %s beside /mcp',
    async (path) => {
      const draft = await stage.draft()
      draft.app.register(mcpMtls, draft.options)
      draft.app.register(mcpMtls, { ...draft.options, path })
      post(draft.app, draft)
      await expect(draft.listen()).rejects.toThrow('is guarded twice')
    },
  )

  it('of two applications do not hinder each other', async () => {
    for (const draft of [await stage.draft(), await stage.draft()]) {
      draft.app.register(mcpMtls, draft.options)
      post(draft.app, draft)
      expect((await (await draft.listen()).send('/mcp')).status).toBe(200)
    }
  })
})
