import Fastify, { type FastifyInstance } from 'fastify'
import { expect, it } from 'vitest'
import { readPrintedRoutes } from '../src/printed-routes.js'

async function read(build: (app: FastifyInstance) => void) {
  const app = Fastify({ exposeHeadRoutes: false })
  build(app)
  await app.ready()
  return readPrintedRoutes(app.printRoutes({ includeHooks: true }))
}

const handler = () => ({})

it('reads the whole pattern of every route, however the router has split it', async () => {
  const patterns = [
    '/',
    '/m',
    '/mcp',
    '/mcp/*',
    '/mcp/docs',
    '/mcpx',
    '/api/:team/mcp',
    '/api/:team',
  ]
  const routes = await read((app) => {
    for (const pattern of patterns) app.get(pattern, handler)
  })
  expect(routes.map(({ pattern }) => pattern).toSorted()).toEqual(patterns.toSorted())
})

it('reads the route that catches everything beside others', async () => {
  const routes = await read((app) => {
    app.get('*', handler)
    app.post('/mcp', handler)
  })
  expect(routes.map(({ pattern }) => pattern).toSorted()).toEqual(['*', '/mcp'])
})

it('reads methods and hosts of one pattern as routes of their own, each with its hooks', async () => {
  const routes = await read((app) => {
    app.addHook('onRequest', async function everywhere() {})
    app.get('/mcp', handler)
    app.post('/mcp', { onRequest: async function onlyPost() {} }, handler)
    app.post('/mcp', { constraints: { host: 'a.test' } }, handler)
  })
  expect(routes.map(({ pattern }) => pattern)).toEqual(['/mcp', '/mcp', '/mcp'])
  expect(routes.filter(({ hooks }) => hooks.includes('"everywhere()"'))).toHaveLength(3)
  expect(routes.filter(({ hooks }) => hooks.includes('"onlyPost()"'))).toEqual([
    expect.objectContaining({ methods: 'POST' }),
  ])
})
