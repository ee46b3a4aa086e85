import { createSecureServer } from 'node:http2'
import {
  type Authority,
  createGuard,
  type Decision,
  decide,
  type Guard,
  type GuardedListener,
  type GuardOptions,
  loadPolicy,
  type Operation,
  type PeerCertificate,
  type Policy,
  type Principal,
  parseSpiffeId,
  permits,
  readPeerCertificate,
  type tlsFromFiles,
} from '@mcp-mtls/core'
import { type TlsSource, tlsFromFiles as tlsOnly } from '@mcp-mtls/core/tls'

export async function serve(options: GuardOptions): Promise<void> {
  const tls: TlsSource = await tlsOnly({ cert: 'a.crt', key: 'a.key', ca: 'ca.crt' })
  const guard: Guard = createGuard({ ...options, tls })
  const listener: GuardedListener = guard.protect(async (req, res, body) => {
    res.end(JSON.stringify({ method: req.method, body }))
  })
  tls.createServer(listener).listen(8443)
  tls.attach(createSecureServer({ ...tls.options, allowHTTP1: true }, listener)).listen(8444)
  const stop = tls.on('refused', ({ reason, hint }) => process.stderr.write(`${reason} ${hint}`))
  await guard.close()
  stop()
}

export async function ask(principal: Principal): Promise<Decision> {
  const policy: Policy = await loadPolicy('policy.yaml')
  const operation: Operation = { kind: 'tool', name: 'search', args: {} }
  if (permits(policy, principal, operation)) return { effect: 'allow', rule: 'x' }
  return decide(policy, principal, operation)
}

export function read(socket: unknown, authorities: readonly Authority[]): PeerCertificate {
  parseSpiffeId('spiffe://acme.test/reader')
  return readPeerCertificate(socket, authorities)
}

export const sameFunction: typeof tlsFromFiles = tlsOnly
