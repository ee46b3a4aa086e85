import { mtlsFetch } from '@mcp-mtls/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

const [url = 'https://localhost:8443/mcp', dir = '../fastify/certs/mcp/clients/reader'] =
  process.argv.slice(2)

const fetch = mtlsFetch({
  cert: `${dir}/client.crt`,
  key: `${dir}/client.key`,
  ca: `${dir}/ca.crt`,
})
const client = new Client({ name: 'my-client', version: '1.0.0' })
await client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch }))

const { tools } = await client.listTools()
console.log('may call:', tools.map(({ name }) => name).join(', '))

const { content } = await client.callTool({ name: 'search', arguments: { q: 'mtls' } })
console.log('search:', content[0].text)

await client.callTool({ name: 'deploy', arguments: {} }).catch(({ code, message }) => {
  console.log('deploy:', code, message)
})

await client.close()
await fetch.close()
