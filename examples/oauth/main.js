import { mtlsFetch } from '@mcp-mtls/client'
import { createTestCertificates } from '@mcp-mtls/testing'
import { clientId, redirectUrl, startIssuer } from './authorization-server.js'
import { connect } from './client.js'
import { startServer } from './server.js'

const port = Number(process.argv[2] ?? 8443)
const url = `https://localhost:${port}/mcp`
const closing = []
/** Whatever was started is closed at the end, the last first. */
const closeLater = (thing) => {
  closing.unshift(thing)
  return thing
}

try {
  const certificates = await createTestCertificates()
  closeLater({ close: certificates.remove })
  const issuer = closeLater(await startIssuer({ certificates, resource: url }))
  console.log(`an MCP server at ${url}\nan authorization server at ${issuer.issuer}`)
  const { files } = certificates
  closeLater(await startServer({ files, port, issuer: issuer.issuer, fetch: issuer.fetch, audit }))
  await play(issuer, certificates.clients)
} finally {
  for (const thing of closing) await thing.close()
}

/** Two users of one agent, and another agent that got hold of a token. */
async function play(issuer, { reader: certificate, stranger }) {
  const origins = [new URL(url).origin, issuer.issuer]
  const fetch = closeLater(mtlsFetch({ ...certificate, origins }))
  const thief = closeLater(mtlsFetch({ ...stranger, origins }))
  for (const account of ['alice', 'bob']) {
    console.log(`\n${account}, by the agent whose certificate says agents/reader`)
    const browse = (page) => {
      console.log(`  browser   ${account} signs in and allows ${page.searchParams.get('scope')}`)
      return issuer.authorize(page, { account, certificate })
    }
    const client = await connect(url, { fetch, clientId, redirectUrl, browse })
    await call(client, 'search')
    await call(client, 'deploy')
    if (account === 'alice') await steal(thief, client.token())
    await client.close()
  }
}

async function call(client, tool) {
  const result = await client.callTool(tool).catch((error) => error)
  console.log(
    `  ${tool.padEnd(8)}  ${result.content?.[0].text ?? `${result.code} ${result.message}`}`,
  )
}

async function steal(fetch, token) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
  const response = await fetch(url, { method: 'POST', headers, body })
  console.log(`  another certificate with the same token: ${response.status}`)
}

/** What the server says of it; what needs no permission is left out. */
function audit({ effect, method, operation, reason }) {
  if (effect === 'allow' && operation?.kind === 'lifecycle') return
  console.log(`  server    ${effect} ${operation?.name ?? method}${reason ? `: ${reason}` : ''}`)
}
