import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type CertificateAuthority,
  createCertificateAuthority,
  createRevocationList,
} from '@mcp-mtls/authority'
import type { TlsFileOptions } from '@mcp-mtls/core'
import type { ClientCertificate } from '@mcp-mtls/testing'
import { onTestFinished } from 'vitest'

const ids = { victim: 'spiffe://acme.test/agents/victim', other: 'spiffe://acme.test/agents/other' }
const uri = 'file:///public/readme'
const role = `{ tools: [search], resources: ['${uri}'] }`
const serverNames = { dns: ['localhost'], ip: ['127.0.0.1', '::1'] }

/**
 * Everything a server trusts, as files that can change: two CAs, the victim's and another's, and for
 * each cause the file that takes the ground from under the victim and nobody else.
 */
export interface LiveWorld {
  readonly files: TlsFileOptions
  readonly policy: string
  /** A resource that both may read. */
  readonly uri: string
  readonly victim: ClientCertificate
  readonly other: ClientCertificate
  /** A victim of the same name that lives until a time of whole seconds. */
  issueVictim(notAfter: Date): Promise<ClientCertificate>
  /** Another server certificate with another key, in place of the first. */
  renewServer(notAfter?: Date): Promise<void>
  readonly withdraw: Readonly<Record<Cause, () => Promise<void>>>
}

/** What can end the trust in a certificate before its time. */
type Cause = 'CRL' | 'deny list' | 'CA bundle' | 'policy'

export async function createLiveWorld(): Promise<LiveWorld> {
  const directory = await mkdtemp(join(tmpdir(), 'mcp-mtls-live-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const path = (name: string) => join(directory, name)
  const write = (name: string, text: string) => replaceFile(path(name), text)
  const own = await createCertificateAuthority({ name: 'Live CA' })
  const foreign = await createCertificateAuthority({ name: 'Other live CA' })
  const issue = async (ca: CertificateAuthority, id: string, notAfter?: Date) => {
    const issued = await ca.issue({ usage: 'client', uri: [id], ...(notAfter && { notAfter }) })
    return { ca: foreign.certificate, cert: issued.chain, key: issued.key }
  }
  const renewServer = async (notAfter?: Date) => {
    const life = notAfter && { notAfter }
    const server = await foreign.issue({ usage: 'server', ...serverNames, ...life })
    await write('server.crt', server.chain)
    await write('server.key', server.key)
  }
  const victim = await issue(own, ids.victim)
  const writeLists = async (revoked: readonly string[]) => {
    const lists = [createRevocationList(own, { revoked }), createRevocationList(foreign)]
    await write('ca.crl', (await Promise.all(lists)).join(''))
  }
  await renewServer()
  await write('ca.crt', own.certificate + foreign.certificate)
  await writeLists([])
  await write('deny.txt', '# nobody\n')
  await write('policy.yaml', toPolicy(Object.values(ids)))
  return {
    files: {
      cert: path('server.crt'),
      key: path('server.key'),
      authorities: { acme: { ca: path('ca.crt'), crl: path('ca.crl') } },
      denyList: path('deny.txt'),
    },
    policy: path('policy.yaml'),
    uri,
    victim,
    other: await issue(foreign, ids.other),
    issueVictim: (notAfter) => issue(own, ids.victim, notAfter),
    renewServer,
    withdraw: {
      CRL: () => writeLists([victim.cert]),
      'deny list': () => write('deny.txt', `spiffe ${ids.victim}\n`),
      'CA bundle': () => write('ca.crt', foreign.certificate),
      policy: () => write('policy.yaml', toPolicy([ids.other])),
    },
  }
}

/** At once, as every program should that rotates. */
async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.next`, text, { mode: 0o600 })
  await rename(`${path}.next`, path)
}

function toPolicy(spiffeIds: readonly string[]): string {
  const lines = spiffeIds.map((id) => `  - { spiffe: '${id}', roles: [reader] }`)
  return `version: 1\nroles:\n  reader: ${role}\nassignments:\n${lines.join('\n')}\n`
}
