import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CertificateAuthority, createCertificateAuthority } from '../src/index.js'

const run = promisify(execFile)
const hasOpenssl = spawnSync('openssl', ['version']).status === 0
const reason = hasOpenssl ? '' : ' (skipped: openssl is not on PATH)'

let directory: string
let root: CertificateAuthority
let intermediate: CertificateAuthority

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mcp-mtls-authority-'))
  root = await createCertificateAuthority()
  intermediate = await root.child({ pathLength: 0 })
  await writeFile(join(directory, 'root.pem'), root.certificate)
  await writeFile(join(directory, 'intermediate.pem'), intermediate.certificate)
})
afterAll(() => rm(directory, { recursive: true, force: true }))

async function verify(certificate: string, purpose: string): Promise<string> {
  const leaf = join(directory, 'leaf.pem')
  await writeFile(leaf, certificate)
  const { stdout } = await run('openssl', [
    'verify',
    '-x509_strict',
    '-purpose',
    purpose,
    '-CAfile',
    join(directory, 'root.pem'),
    '-untrusted',
    join(directory, 'intermediate.pem'),
    leaf,
  ])
  return stdout
}

describe.skipIf(!hasOpenssl)(`openssl verify as a second opinion${reason}`, () => {
  it('accepts a client with a SPIFFE ID and no subject, below an intermediate', async () => {
    const leaf = await intermediate.issue({ usage: 'client', uri: ['spiffe://acme.test/a'] })
    await expect(verify(leaf.certificate, 'sslclient')).resolves.toMatch(/: OK$/m)
  })

  it('accepts an RSA server below the root', async () => {
    const leaf = await root.issue({ usage: 'server', dns: ['a.test'], algorithm: 'rsa-2048' })
    await expect(verify(leaf.certificate, 'sslserver')).resolves.toMatch(/: OK$/m)
  })

  it('refuses a client as a server, and one of another CA', async () => {
    const client = await root.issue({ usage: 'client', cn: 'a' })
    const stranger = await (await createCertificateAuthority()).issue({ usage: 'client', cn: 'a' })
    await expect(verify(client.certificate, 'sslserver')).rejects.toThrow(/purpose/)
    await expect(verify(stranger.certificate, 'sslclient')).rejects.toThrow(/issuer|signature/)
  })
})
