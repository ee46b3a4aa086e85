import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCertificateAuthority } from '@mcp-mtls/authority'

export const clientId = 'spiffe://acme.test/agents/bench'

/** One CA, a server certificate as files, and the certificate of the one client that puts load on it. */
export async function createBenchCertificates() {
  const directory = await mkdtemp(join(tmpdir(), 'mcp-mtls-bench-'))
  const ca = await createCertificateAuthority({ name: 'Bench CA' })
  const server = await ca.issue({ usage: 'server', cn: 'localhost', dns: ['localhost'] })
  const client = await ca.issue({ usage: 'client', cn: 'bench', uri: [clientId] })
  const files = {
    ca: join(directory, 'ca.crt'),
    cert: join(directory, 'server.crt'),
    key: join(directory, 'server.key'),
  }
  await writeFile(files.ca, ca.certificate)
  await writeFile(files.cert, server.chain)
  await writeFile(files.key, server.key, { mode: 0o600 })
  return {
    files,
    client: { ca: ca.certificate, cert: client.chain, key: client.key },
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}
