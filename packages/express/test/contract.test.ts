import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { StartAdapter } from '@mcp-mtls/testing'
import { adapterContract } from '@mcp-mtls/testing/contract'
import express5, { type ErrorRequestHandler } from 'express'
import express4 from 'express-4'
import { mcpMtls } from '../src/index.js'

const constantError: ErrorRequestHandler = (_error, _req, res, _next) => {
  res.status(500).end()
}

function start(express: typeof express5): StartAdapter {
  return async ({ tls, options, handle, paths = ['/mcp'] }) => {
    const app = express()
    const mcp = mcpMtls({ ...options, tls })
    app.use(mcp.metadata, mcp.required(...paths))
    for (const path of paths) {
      app.all(path, mcp, (req, res, next) => {
        Promise.resolve(handle(req, res, req.body, req.query)).catch(next)
      })
    }
    app.use(constantError)
    await mcp.ready()
    const server = tls.createServer(app)
    server.listen(0, 'localhost')
    await once(server, 'listening')
    for (const path of paths) await mcp.verify(server, path)
    return {
      url: `https://localhost:${(server.address() as AddressInfo).port}${paths[0]}`,
      async close() {
        const closed = once(server, 'close')
        server.close()
        await mcp.close()
        await closed
      },
    }
  }
}

adapterContract('Express 5', start(express5), { http2: false })
adapterContract('Express 4', start(express4), { http2: false })
