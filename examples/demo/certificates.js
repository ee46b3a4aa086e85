import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCertificateAuthority } from '@mcp-mtls/authority'
import { identities } from './expected.js'

/**
 * Throw-away certificates: a CA, a server, one client for each identity, and a client of another CA.
 * Clients keep theirs in memory; servers read files, so those exist until `remove`.
 */
export async function makeCertificates() {
  const authority = await createCertificateAuthority({ name: 'demo CA', days: 1 })
  const foreign = await createCertificateAuthority({ name: 'another CA', days: 1 })
  const directory = await mkdtemp(join(tmpdir(), 'mcp-mtls-demo-'))
  try {
    return {
      ca: authority.certificate,
      clients: await issueClients(authority),
      foreign: await issueClient(foreign, { uri: identities.operator, ca: authority.certificate }),
      files: await writeServerFiles(authority, directory),
      remove: () => rm(directory, { recursive: true, force: true }),
    }
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    throw error
  }
}

async function issueClients(authority) {
  const ca = authority.certificate
  const entries = Object.entries(identities).map(async ([name, uri]) => [
    name,
    await issueClient(authority, { uri, ca }),
  ])
  return Object.fromEntries(await Promise.all(entries))
}

/** What `mtlsFetch` takes. */
async function issueClient(authority, { uri, ca }) {
  const issued = await authority.issue({ usage: 'client', uri: [uri], days: 1 })
  return { cert: issued.chain, key: issued.key, ca }
}

/** What `tlsFromFiles` takes. */
async function writeServerFiles(authority, directory) {
  const issued = await authority.issue({ usage: 'server', dns: ['localhost'], ip: ['127.0.0.1'] })
  const files = {
    cert: join(directory, 'server.crt'),
    key: join(directory, 'server.key'),
    ca: join(directory, 'ca.crt'),
  }
  await writeFile(files.cert, issued.chain)
  await writeFile(files.key, issued.key, { mode: 0o600 })
  await writeFile(files.ca, authority.certificate)
  return files
}
