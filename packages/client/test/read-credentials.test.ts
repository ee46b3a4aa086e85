import { createPrivateKey } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type CertificateAuthority,
  createCertificateAuthority,
  type IssuedCertificate,
} from '@mcp-mtls/authority'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MtlsFetchOptions, mtlsFetch } from '../src/index.js'
import { readCredentials } from '../src/read-credentials.js'

let directory: string
let authority: CertificateAuthority
let reader: IssuedCertificate
let good: { readonly cert: string; readonly key: string; readonly ca: string }

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mcp-mtls-client-'))
  authority = await createCertificateAuthority()
  reader = await authority.issue({ usage: 'client', cn: 'reader' })
  good = { cert: reader.certificate, key: reader.key, ca: authority.certificate }
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const encryptedKey = () =>
  createPrivateKey(reader.key)
    .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'secret' })
    .toString()

describe('the credentials of a client', () => {
  it('are PEM text, bytes, or the path of a file', async () => {
    const cert = join(directory, 'client.crt')
    await writeFile(cert, good.cert)
    expect(readCredentials({ cert, key: Buffer.from(good.key), ca: good.ca })).toEqual(good)
  })

  it('may have an encrypted key with its passphrase', () => {
    const key = encryptedKey()
    expect(readCredentials({ ...good, key, passphrase: 'secret' })).toEqual({
      ...good,
      key,
      passphrase: 'secret',
    })
  })
})

describe('mtlsFetch refuses, when it is made,', () => {
  const refuses = (options: MtlsFetchOptions, message: RegExp) =>
    expect(() => mtlsFetch(options)).toThrow(
      expect.objectContaining({
        code: 'ERR_MTLS_CLIENT_CONFIGURATION',
        message: expect.stringMatching(message),
      }),
    )

  it.each(['cert', 'key', 'ca'])('a wrong path of %s, naming the option and the path', (option) => {
    refuses(
      { ...good, [option]: '/nowhere/file.pem' },
      new RegExp(`^${option}: .*/nowhere/file.pem`),
    )
  })

  it('a file that is no PEM', async () => {
    const cert = join(directory, 'client.der')
    await writeFile(cert, Buffer.of(0x30, 0x00))
    refuses({ ...good, cert }, /^cert: .* holds no PEM/)
  })

  it('a key in place of a certificate, and a broken certificate', () => {
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'
    refuses({ ...good, cert: good.key }, /^cert: holds no certificate/)
    refuses({ ...good, ca: good.key }, /^ca: holds no certificate/)
    refuses({ ...good, ca: broken }, /^ca: .* cannot be read/)
  })

  it('a key of another certificate', async () => {
    const { key } = await authority.issue({ usage: 'client', cn: 'writer' })
    refuses({ ...good, key }, /^key: is not the key of cert/)
  })

  it('an encrypted key without its passphrase, or with a wrong one', () => {
    refuses({ ...good, key: encryptedKey() }, /passphrase/)
    refuses({ ...good, key: encryptedKey(), passphrase: 'wrong' }, /passphrase/)
  })

  it('an expired certificate', async () => {
    const dates = { notBefore: new Date(0), notAfter: new Date(1e9) }
    const old = await authority.issue({ usage: 'client', cn: 'reader', ...dates })
    refuses({ ...good, cert: old.certificate, key: old.key }, /^cert: expired on Jan 12 .*1970/)
  })

  it('a certificate for servers', async () => {
    const server = await authority.issue({ usage: 'server', dns: ['a.test'] })
    refuses({ ...good, cert: server.certificate, key: server.key }, /^cert: is not for clients/)
  })

  it('an option that does not exist', () => {
    const options = { ...good, origin: 'https://a.test' }
    refuses(options, /^origin: is no option/)
  })
})
