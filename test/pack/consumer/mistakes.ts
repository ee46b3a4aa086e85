import { mtlsFetch } from '@mcp-mtls/client'
import { createGuard, definePolicy, type GuardOptions } from '@mcp-mtls/core'
import { mcpMtls as expressGuard } from '@mcp-mtls/express'
import { type McpMtlsOptions, mcpMtls, tlsFromFiles } from '@mcp-mtls/fastify'
import Fastify from 'fastify'

// Each of these must not compile; an unused @ts-expect-error is an error itself.

// @ts-expect-error: policy is required
createGuard({})

// @ts-expect-error: an option that does not exist
createGuard({ policy: 'policy.yaml', polcy: 'policy.yaml' })

// @ts-expect-error: a plain object is no policy
createGuard({ policy: { version: 1, roles: {}, assignments: [] } })

// @ts-expect-error: an identity kind that does not exist
createGuard({ policy: 'policy.yaml', identity: ['ip'] })

// @ts-expect-error: the paths of the files, not the source made of them
expressGuard({ policy: 'policy.yaml', tls: { cert: 'a.crt', key: 'a.key', ca: 'ca.crt' } })

// @ts-expect-error: path is a pattern, not a RegExp
const withPattern: McpMtlsOptions = { policy: 'policy.yaml', path: /mcp/ }

// @ts-expect-error: path is an option of Fastify only
const withPath: GuardOptions = { policy: 'policy.yaml', path: '/mcp' }

// @ts-expect-error: policy is required
Fastify().register(mcpMtls, { path: '/mcp' })

// @ts-expect-error: ca and authorities together
void tlsFromFiles({ cert: 'a.crt', key: 'a.key', ca: 'ca.crt', authorities: {} })

// @ts-expect-error: neither ca nor authorities
void tlsFromFiles({ cert: 'a.crt', key: 'a.key' })

// @ts-expect-error: client certificates are always verified
void tlsFromFiles({ cert: 'a.crt', key: 'a.key', ca: 'ca.crt', rejectUnauthorized: false })

// @ts-expect-error: a TLS version that is not offered
void tlsFromFiles({ cert: 'a.crt', key: 'a.key', ca: 'ca.crt', minVersion: 'TLSv1.1' })

// @ts-expect-error: a certificate without its key
mtlsFetch({ cert: 'client.crt', ca: 'ca.crt' })

definePolicy({
  version: 1,
  roles: { reader: { tools: ['search'] } },
  // @ts-expect-error: a misspelt role
  assignments: [{ spiffe: 'spiffe://acme.test/reader', roles: ['raeder'] }],
})

export { withPath, withPattern }
