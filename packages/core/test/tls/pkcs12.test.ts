import { readFile } from 'node:fs/promises'
import { createServer, type ServerOptions } from 'node:https'
import { describe, expect, it } from 'vitest'
import { tlsFromFiles } from '../../src/tls/tls-from-files.js'
import { createCertificateFiles, issueClient } from './certificate-files.js'
import { get, listen } from './exchange.js'
import { hasOpenssl, writePkcs12 } from './pkcs12-files.js'
import {
  createOtherAuthority,
  issueServer,
  readServerName,
  startSource,
  untilServed,
} from './rotating-source.js'

/** A server certificate of a CA that vouches for no client, in one file with that CA. */
async function start() {
  const files = await createCertificateFiles()
  const other = await createOtherAuthority()
  const server = await issueServer(other, 'server')
  const path = await writePkcs12(files, 'p.p12', { ...server, more: other.certificate })
  const stranger = { ...(await issueClient(other)), rejectUnauthorized: false }
  return { files, path, other, options: { pfx: await readFile(path), passphrase: 'x' }, stranger }
}

const serve = (options: ServerOptions) => createServer(options, (_, response) => response.end('in'))

describe.skipIf(!hasOpenssl)('a PKCS#12 file (skipped without openssl, which makes it)', () => {
  it('A26 given to Node lets in the clients of the CAs in it', async () => {
    const { files, options, stranger } = await start()
    const strict = { requestCert: true, rejectUnauthorized: true, ca: files.ca.certificate }
    expect(await get(await listen(serve({ ...strict, ...options })), stranger)).toBe('in')
  })

  it('A26 given to a server of the application lets in nobody once that is attached', async () => {
    const { files, options, stranger } = await start()
    const { tls } = await startSource(files.options)
    const port = await listen(tls.attach(serve({ ...tls.options, ...options })))
    expect(await get(port, stranger)).toBe('ECONNRESET')
    const client = { ...(await issueClient(files.ca)), ca: files.ca.certificate }
    expect(await get(port, client)).toBe('in')
    await tls.reload()
    expect(await get(port, stranger)).toBe('ECONNRESET')
  })

  it('A26 given as the option pfx lets in nobody of the CAs in it, before and after a rotation', async () => {
    const { files, path, other, stranger } = await start()
    const pair = { ca: files.options.ca, pfx: path, passphrase: 'x' }
    const { tls, port } = await startSource(pair)
    const client = { ...(await issueClient(files.ca)), ca: other.certificate }
    expect(tls.options).not.toHaveProperty('pfx')
    expect(tls.options.ca).toEqual([files.ca.certificate])
    expect(await get(port, stranger)).not.toMatch(/epoch/)
    expect(await get(port, client)).toBe('CN=client epoch 0')
    const next = await issueServer(other, 'next')
    await writePkcs12(files, 'p.p12', { ...next, more: other.certificate })
    await tls.reload()
    expect(await readServerName(port, other.certificate)).toBe('next')
    expect(await get(port, stranger)).not.toMatch(/epoch/)
    expect(await get(port, client)).toBe('CN=client epoch 0')
  })

  it('A28 that changes is read anew with its passphrase, without a restart', async () => {
    const { files, path, other } = await start()
    const asked: string[] = []
    const passphrase = async () => {
      asked.push('asked')
      return 'x'
    }
    const source = await startSource({ ca: files.options.ca, pfx: path, passphrase })
    const next = await issueServer(other, 'next')
    await writePkcs12(files, 'p.p12', next)
    await untilServed(source.port, other.certificate, 'next')
    expect(source.updates).toEqual([{ epoch: 0, what: ['certificate'] }])
    expect(asked.length).toBeGreaterThanOrEqual(2)
    await files.write('p.p12', 'broken')
    await expect(source.tls.reload()).rejects.toThrow(`${path}: not`)
    expect(await readServerName(source.port, other.certificate)).toBe('next')
  })

  it('A28 is described, and warned of, like the two files it stands for', async () => {
    const { files, path } = await start()
    const tls = await tlsFromFiles({ ca: files.options.ca, pfx: path, passphrase: 'x' })
    expect(tls.describe()).toContain(`certificate ${path} (CN=server`)
    expect(tls.warnings).toEqual([])
    await tls.close()
    const missing = { ca: files.options.ca, pfx: files.path('none.p12'), passphrase: 'x' }
    await expect(tlsFromFiles(missing)).rejects.toThrow(
      `${missing.pfx}: no such PKCS#12 file (looked for ${missing.pfx}).`,
    )
  })
})
