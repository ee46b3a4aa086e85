import { type McpMtls, type McpMtlsOptions, mcpMtls, tlsFromFiles } from '@mcp-mtls/express'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import express from 'express'

export async function serve(): Promise<void> {
  const tls = await tlsFromFiles({
    cert: new URL('a.crt', import.meta.url),
    key: 'a.key',
    authorities: { acme: { ca: 'ca.crt', trustDomains: ['acme.test'] } },
    minVersion: 'TLSv1.2',
  })
  const mcp = toNodeHandler(createMcpHandler(() => new McpServer({ name: 'x', version: '1.0.0' })))
  const options: McpMtlsOptions = { tls, policy: new URL('policy.yaml', import.meta.url) }
  const mtls: McpMtls = mcpMtls(options)
  const app = express()
  app.all('/mcp', mtls, (req, res) => {
    res.setHeader('x-caller', req.principal?.name ?? '')
    return mcp(req, res, req.body)
  })
  await mtls.ready()
  const server = tls.createServer(app).listen(8443, () => mtls.verify(server, '/mcp'))
  server.once('close', () => mtls.close())
}
