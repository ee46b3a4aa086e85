import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type CertificateAuthority,
  createCertificateAuthority,
  type IssuedCertificate,
} from '@mcp-mtls/authority'

/** What a client presents, and the CA it trusts. */
export interface ClientCertificate {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** The same for a client that may present nothing. */
export type ClientCredentials = Pick<ClientCertificate, 'ca'> & Partial<ClientCertificate>

const clientNames = ['reader', 'operator', 'stranger', 'nameless', 'foreign', 'expired'] as const

export type ClientName = (typeof clientNames)[number]

/** Paths of the files a server reads, in the form `tlsFromFiles` takes. */
export interface ServerFiles {
  readonly cert: string
  readonly key: string
  readonly ca: string
}

/** One CA, a server on localhost and the clients of the tests, as PEM and as files. */
export interface TestCertificates {
  readonly directory: string
  readonly ca: string
  readonly server: { readonly cert: string; readonly key: string }
  readonly files: ServerFiles
  readonly clients: Readonly<Record<ClientName, ClientCertificate>> & {
    readonly none: ClientCredentials
  }
  /** Another certificate with another key for the same SPIFFE ID. */
  renew(name: keyof typeof spiffeIds): Promise<ClientCertificate>
  /** Deletes the files. */
  remove(): Promise<void>
}

const day = 86_400_000

/**
 * The SPIFFE IDs of the clients. `foreign` claims the reader's name under another CA; `nameless` has a
 * common name and no other.
 */
export const spiffeIds: Readonly<Record<Exclude<ClientName, 'nameless'>, string>> = Object.freeze({
  reader: 'spiffe://acme.test/agents/reader',
  operator: 'spiffe://acme.test/ops/operator',
  stranger: 'spiffe://acme.test/agents/stranger',
  foreign: 'spiffe://acme.test/agents/reader',
  expired: 'spiffe://acme.test/agents/reader',
})

/**
 * Issues all certificates and writes them as `ca.crt`, `server.crt`, `server.key` and
 * `<client>.crt`, `<client>.key` to `directory`, or to a new temporary one.
 */
export async function createTestCertificates(directory?: string): Promise<TestCertificates> {
  const ca = await createCertificateAuthority({ name: 'Acme test CA' })
  const other = await createCertificateAuthority({ name: 'Another CA' })
  const server = await ca.issue({
    usage: 'server',
    cn: 'localhost',
    dns: ['localhost'],
    ip: ['127.0.0.1', '::1'],
  })
  const issued = await issueClients(ca, other)
  const target = directory ?? (await mkdtemp(join(tmpdir(), 'mcp-mtls-')))
  const files = await writeCertificates(target, { ca: ca.certificate, server, issued })
  const clients = {
    reader: toClient(ca, issued.reader),
    operator: toClient(ca, issued.operator),
    stranger: toClient(ca, issued.stranger),
    nameless: toClient(ca, issued.nameless),
    foreign: toClient(ca, issued.foreign),
    expired: toClient(ca, issued.expired),
    none: { ca: ca.certificate },
  }
  return Object.freeze({
    directory: target,
    ca: ca.certificate,
    server: { cert: server.chain, key: server.key },
    files,
    clients: Object.freeze(clients),
    renew: async (name: keyof typeof spiffeIds) =>
      toClient(ca, await ca.issue({ usage: 'client', cn: name, uri: [spiffeIds[name]] })),
    remove: () => rm(target, { recursive: true, force: true }),
  })
}

type IssuedClients = Readonly<Record<ClientName, IssuedCertificate>>

async function issueClients(
  ca: CertificateAuthority,
  other: CertificateAuthority,
): Promise<IssuedClients> {
  const issue = (name: keyof typeof spiffeIds, issuer = ca) =>
    issuer.issue({ usage: 'client', cn: name, uri: [spiffeIds[name]] })
  const past = { notBefore: new Date(Date.now() - 2 * day), notAfter: new Date(Date.now() - day) }
  return {
    reader: await issue('reader'),
    operator: await issue('operator'),
    stranger: await issue('stranger'),
    nameless: await ca.issue({ usage: 'client', cn: 'nameless' }),
    foreign: await issue('foreign', other),
    expired: await ca.issue({ usage: 'client', uri: [spiffeIds.expired], ...past }),
  }
}

async function writeCertificates(
  directory: string,
  pem: { ca: string; server: IssuedCertificate; issued: IssuedClients },
): Promise<ServerFiles> {
  const write = async (name: string, text: string) => {
    const path = join(directory, name)
    await writeFile(path, text, { mode: 0o600 })
    return path
  }
  for (const name of clientNames) {
    await write(`${name}.crt`, pem.issued[name].chain)
    await write(`${name}.key`, pem.issued[name].key)
  }
  return Object.freeze({
    ca: await write('ca.crt', pem.ca),
    cert: await write('server.crt', pem.server.chain),
    key: await write('server.key', pem.server.key),
  })
}

function toClient(ca: CertificateAuthority, issued: IssuedCertificate): ClientCertificate {
  return Object.freeze({ ca: ca.certificate, cert: issued.chain, key: issued.key })
}
