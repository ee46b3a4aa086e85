import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CertificateAuthority, createCertificateAuthority } from '@mcp-mtls/authority'
import { expect, onTestFinished, vi } from 'vitest'
import { CertificateError } from '../../src/errors.js'
import { readPeerCertificate } from '../../src/identity/read-peer-certificate.js'
import type { TlsFileOptions } from '../../src/tls/file-options.js'
import { tlsFromFiles } from '../../src/tls/tls-from-files.js'
import type { TlsSource, TlsUpdate } from '../../src/tls/tls-source.js'
import { createFolder } from '../policy/k8s-volume.js'
import { get, listen } from './exchange.js'

const localhost = { dns: ['localhost'], ip: ['127.0.0.1'] }

/** A server certificate with its key, told apart by its common name. */
export async function issueServer(
  ca: CertificateAuthority,
  cn: string,
  validity: { notBefore?: Date; notAfter?: Date } = {},
): Promise<{ readonly cert: string; readonly key: string }> {
  const issued = await ca.issue({ usage: 'server', cn, ...localhost, ...validity })
  return { cert: issued.chain, key: issued.key }
}

/** A source, everything it tells, and a server on it that answers who is there. */
export async function startSource(options: TlsFileOptions) {
  const tls = await tlsFromFiles(options)
  onTestFinished(() => tls.close())
  const updates: TlsUpdate[] = []
  const errors: string[] = []
  tls.on('update', (update) => updates.push(update))
  tls.on('error', ({ message }) => errors.push(message))
  const server = tls.createServer((request, response) => {
    response.end(sayWho(tls, request.socket))
  })
  const port = await listen(server)
  return { tls, server, port, updates, errors }
}

function sayWho(tls: TlsSource, socket: object): string {
  try {
    const certificate = readPeerCertificate(socket, tls.authorities)
    return `${certificate.subject.text} epoch ${tls.epochOf(socket)}`
  } catch (error) {
    return error instanceof CertificateError ? error.reason : String(error)
  }
}

/** Who the server says that it is, by its certificate. */
export async function readServerName(port: number, ca: string): Promise<string> {
  let name = ''
  await get(port, {
    ca,
    checkServerIdentity: (_, certificate) => {
      name = String(certificate.subject.CN)
      return undefined
    },
  })
  return name
}

export const soon = { timeout: 9_000, interval: 20 }

export async function untilServed(port: number, ca: string, name: string): Promise<void> {
  await vi.waitFor(async () => expect(await readServerName(port, ca)).toBe(name), soon)
}

/** A mounted Secret of several files, swapped as a whole (AtomicWriter of the kubelet). */
export async function createSecret(files: Readonly<Record<string, string>>) {
  const folder = await createFolder()
  let generation = 0
  async function publish(next: Readonly<Record<string, string>>): Promise<void> {
    const before = `..2026_11_21_${generation}`
    generation += 1
    const now = `..2026_11_21_${generation}`
    await mkdir(join(folder, now))
    for (const [name, text] of Object.entries(next)) await writeFile(join(folder, now, name), text)
    await symlink(now, join(folder, '..data_tmp'))
    await rename(join(folder, '..data_tmp'), join(folder, '..data'))
    await rm(join(folder, before), { recursive: true, force: true })
  }
  await publish(files)
  for (const name of Object.keys(files)) {
    await symlink(join('..data', name), join(folder, name))
  }
  return { path: (name: string) => join(folder, name), publish }
}

export async function createOtherAuthority(): Promise<CertificateAuthority> {
  return createCertificateAuthority({ name: 'Other CA' })
}
