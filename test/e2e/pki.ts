import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type CertificateRequest,
  createCertificateAuthority,
  type IssuedCertificate,
} from '@mcp-mtls/authority'
import type { ClientCertificate, ServerFiles } from '@mcp-mtls/testing'

/** One CA and a server it vouches for, as files; clients are issued as a test needs them. */
export interface Pki {
  readonly directory: string
  readonly files: ServerFiles
  /** What a client trusts. */
  readonly trust: { readonly ca: string }
  issue(request: Partial<CertificateRequest>): Promise<ClientCertificate>
  /** The credentials of a certificate that came from elsewhere. */
  present(issued: Pick<IssuedCertificate, 'chain' | 'key'>): ClientCertificate
  write(name: string, text: string): Promise<string>
  remove(): Promise<void>
}

/** The name every test CA bears, so that another one can be made under it. */
export const caName = 'Acme e2e CA'

export async function createPki(): Promise<Pki> {
  const directory = await mkdtemp(join(tmpdir(), 'mcp-mtls-e2e-'))
  const ca = await createCertificateAuthority({ name: caName })
  const trust = { ca: ca.certificate }
  const write = async (name: string, text: string) => {
    const path = join(directory, name)
    await writeFile(path, text, { mode: 0o600 })
    return path
  }
  const present: Pki['present'] = ({ chain, key }) => ({ ...trust, cert: chain, key })
  const server = await ca.issue({
    usage: 'server',
    dns: ['localhost'],
    ip: ['127.0.0.1', '::1'],
  })
  return {
    directory,
    trust,
    write,
    present,
    files: {
      ca: await write('ca.crt', ca.certificate),
      cert: await write('server.crt', server.chain),
      key: await write('server.key', server.key),
    },
    issue: async (request) => present(await ca.issue({ usage: 'client', ...request })),
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}
