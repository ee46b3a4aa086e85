import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CertificateAuthority, createCertificateAuthority } from '@mcp-mtls/authority'
import { onTestFinished } from 'vitest'

/** A directory with `server.crt`, `server.key` and `ca.crt`, and whatever else a test writes. */
export interface CertificateFiles {
  readonly ca: CertificateAuthority
  readonly options: { readonly cert: string; readonly key: string; readonly ca: string }
  readonly path: (name: string) => string
  readonly write: (name: string, text: string | Uint8Array) => Promise<string>
}

const localhost = { dns: ['localhost'], ip: ['127.0.0.1'] }

export async function createCertificateFiles(): Promise<CertificateFiles> {
  const directory = await mkdtemp(join(tmpdir(), 'mcp-mtls-tls-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const ca = await createCertificateAuthority({ name: 'Test CA' })
  const server = await ca.issue({ usage: 'server', cn: 'server', ...localhost })
  const path = (name: string): string => join(directory, name)
  const write = async (name: string, text: string | Uint8Array): Promise<string> => {
    await writeFile(path(name), text, { mode: 0o600 })
    return path(name)
  }
  const options = {
    cert: await write('server.crt', server.chain),
    key: await write('server.key', server.key),
    ca: await write('ca.crt', ca.certificate),
  }
  return { ca, options, path, write }
}

/** What a client presents. */
export async function issueClient(
  ca: CertificateAuthority,
  cn = 'client',
): Promise<{ cert: string; key: string }> {
  const issued = await ca.issue({ usage: 'client', cn })
  return { cert: issued.chain, key: issued.key }
}
