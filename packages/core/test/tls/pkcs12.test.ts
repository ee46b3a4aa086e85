import { execFileSync, spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer, type ServerOptions } from 'node:https'
import { describe, expect, it } from 'vitest'
import { createCertificateFiles, issueClient } from './certificate-files.js'
import { get, listen } from './exchange.js'
import { createOtherAuthority, issueServer, startSource } from './rotating-source.js'

const hasOpenssl = spawnSync('openssl', ['version']).status === 0

/** A server certificate of a CA that vouches for no client, in one file with that CA. */
async function start() {
  const files = await createCertificateFiles()
  const other = await createOtherAuthority()
  const server = await issueServer(other, 'server')
  const [crt, key, ca] = await Promise.all([
    files.write('p.crt', server.cert),
    files.write('p.key', server.key),
    files.write('p-ca.crt', other.certificate),
  ])
  const input = ['-in', crt, '-inkey', key, '-certfile', ca, '-passout', 'pass:x']
  execFileSync('openssl', ['pkcs12', '-export', ...input, '-out', files.path('p.p12')])
  const pfx = await readFile(files.path('p.p12'))
  const stranger = { ...(await issueClient(other)), rejectUnauthorized: false }
  return { files, options: { pfx, passphrase: 'x' }, stranger }
}

const serve = (options: ServerOptions) => createServer(options, (_, response) => response.end('in'))

describe.skipIf(!hasOpenssl)('a PKCS#12 file', () => {
  it('A26 given to Node lets in the clients of the CAs in it, which is why there is no option', async () => {
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
})
