import { createCertificateAuthority, type IssuedCertificate } from '@mcp-mtls/authority'
import { type MtlsFetch, mtlsFetch } from '@mcp-mtls/client'
import { StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

const fetch: MtlsFetch = mtlsFetch({ cert: 'client.crt', key: 'client.key', ca: 'ca.crt' })
const url = new URL('https://localhost:8443/mcp')

export const v1: TransportV1 = new TransportV1(url, { fetch })
export const v2: TransportV2 = new TransportV2(url, { fetch })

export async function issue(): Promise<IssuedCertificate> {
  const ca = await createCertificateAuthority({ name: 'Acme' })
  const below = await ca.child({ pathLength: 0 })
  return below.issue({ usage: 'client', uri: ['spiffe://acme.test/reader'], days: 1 })
}
