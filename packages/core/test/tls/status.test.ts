import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { tlsFromFiles } from '../../src/tls/tls-from-files.js'
import type { ExpiryNotice } from '../../src/tls/tls-source.js'
import { createCertificateFiles, issueClient } from './certificate-files.js'
import { buildCrl, toCrlPem, utcTime } from './crl-builder.js'
import { exchange, knock, listen } from './exchange.js'
import { issueServer, soon, startSource } from './rotating-source.js'

const hour = 3_600_000
const day = 24 * hour

describe('status', () => {
  it('is ready with the dates of what is in force', async () => {
    const files = await createCertificateFiles()
    const { tls } = await startSource(files.options)
    const status = tls.status()
    expect(status).toMatchObject({
      ready: true,
      epoch: 0,
      certificate: { name: 'CN=server' },
      authorities: [{ name: 'default' }],
    })
    expect(status.certificate.notAfter).toBeGreaterThan(Date.now() + 29 * day)
    expect(status.authorities[0]?.notAfter).toBeGreaterThan(Date.now())
    expect(Math.abs(Date.now() - status.lastReload)).toBeLessThan(60_000)
    expect(status).not.toHaveProperty('lastError')
  })

  it('has for metrics when everything ends, and how often reading the files went well and did not', async () => {
    const files = await createCertificateFiles()
    const nextUpdate = new Date(Math.floor(Date.now() / 1000) * 1000 + day)
    const list = buildCrl(files.ca, { nextUpdate: utcTime(nextUpdate.getTime()) })
    const crl = await files.write('ca.crl', toCrlPem(list))
    const { tls, errors } = await startSource({ ...files.options, crl })
    const [server, ca] = [new X509Certificate(await readFile(files.options.cert)), files.ca]
    expect(tls.status()).toMatchObject({
      certificate: { notAfter: Date.parse(server.validTo) },
      authorities: [{ notAfter: Date.parse(new X509Certificate(ca.certificate).validTo) }],
      crls: [{ name: 'CN=Test CA', nextUpdate: nextUpdate.getTime() }],
      reloads: 0,
      failedReloads: 0,
    })
    await tls.reload()
    expect(tls.status()).toMatchObject({ reloads: 1, failedReloads: 0 })
    await files.write('ca.crt', 'nothing')
    await expect(tls.reload()).rejects.toThrow('no PEM block')
    expect(tls.status().failedReloads).toBe(1)
    // The watch found the change, too, and tried it several times, which is one more.
    await vi.waitFor(() => expect(errors).toHaveLength(1), soon)
    expect(tls.status()).toMatchObject({ reloads: 1, failedReloads: 2 })
    await files.write('ca.crt', ca.certificate)
    await tls.reload()
    expect(tls.status().reloads).toBeGreaterThanOrEqual(2)
    expect(tls.status()).not.toHaveProperty('lastError')
  }, 15_000)

  it('has no CRLs where there are none', async () => {
    const files = await createCertificateFiles()
    expect((await startSource(files.options)).tls.status().crls).toEqual([])
  })

  it.each([
    ['certificate', 40 * day],
    ['CA', 4000 * day],
  ])('is not ready once the %s has ended', async (_, later) => {
    const files = await createCertificateFiles()
    const { tls } = await startSource(files.options)
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + later)
    expect(tls.status().ready).toBe(false)
    vi.restoreAllMocks()
  })

  it.each([
    ['deny', false],
    ['keep', true],
  ] as const)('with a stale CRL and onStaleCrl %s is %s', async (onStaleCrl, ready) => {
    const files = await createCertificateFiles()
    const crl = await files.write('ca.crl', toCrlPem(buildCrl(files.ca)))
    const { tls } = await startSource({ ...files.options, crl, onStaleCrl })
    expect(tls.status().ready).toBe(true)
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 2 * day)
    expect(tls.status().ready).toBe(ready)
    vi.restoreAllMocks()
  })
})

describe('expiry', () => {
  async function startLate() {
    const files = await createCertificateFiles()
    const late = {
      notBefore: new Date(Date.now() - 30 * day),
      notAfter: new Date(Date.now() + 5 * day),
    }
    const server = await issueServer(files.ca, 'late', late)
    await files.write('server.crt', server.cert)
    await files.write('server.key', server.key)
    return files
  }

  const settled = () => new Promise((resolve) => setImmediate(resolve))

  it('is told to whoever begins to listen later, and not to one that left', async () => {
    const files = await startLate()
    const { tls } = await startSource(files.options)
    const [notices, left]: ExpiryNotice[][] = [[], []]
    tls.on('expiry', (notice) => notices?.push(notice))
    tls.on('expiry', (notice) => left?.push(notice))()
    await settled()
    expect(notices).toEqual([expect.objectContaining({ what: 'certificate', name: 'CN=late' })])
    expect(left).toEqual([])
  })

  it('says that a file has not changed since the start where a third of the life is left', async () => {
    const files = await startLate()
    const { tls } = await startSource(files.options)
    const hints: (string | undefined)[] = []
    tls.on('expiry', ({ hint }) => hints.push(hint))
    await settled()
    expect(hints).toEqual([expect.stringContaining('subPath')])
    const again = await issueServer(files.ca, 'late again', {
      notBefore: new Date(Date.now() - 30 * day),
      notAfter: new Date(Date.now() + 5 * day),
    })
    await files.write('server.crt', again.cert)
    await files.write('server.key', again.key)
    await tls.reload()
    expect(hints).toEqual([expect.stringContaining('subPath'), undefined])
  })

  it('tells of CRLs, with leads of the option expiryWarnings', async () => {
    const files = await createCertificateFiles()
    const list = buildCrl(files.ca, { nextUpdate: utcTime(Date.now() + 2 * hour) })
    const crl = await files.write('ca.crl', toCrlPem(list))
    const names = async (expiryWarnings: readonly string[]) => {
      const { tls } = await startSource({ ...files.options, crl, expiryWarnings })
      const told: string[] = []
      tls.on('expiry', ({ what, name }) => told.push(`${what} ${name}`))
      await settled()
      return told
    }
    expect(await names(['3h'])).toEqual(['crl CN=Test CA'])
    expect(await names(['1h'])).toEqual([])
    expect(await names([])).toEqual([])
  })
})

describe('A35 the environment', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  it.each([
    ['0', 1],
    ['1', 0],
    ['', 0],
  ])('NODE_TLS_REJECT_UNAUTHORIZED=%s gives %i warnings', async (value, count) => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', value)
    const files = await createCertificateFiles()
    const { tls } = await startSource(files.options)
    expect(tls.warnings).toHaveLength(count)
    expect(tls.warnings.join()).toMatch(count === 0 ? /^$/ : /verify no server/)
  })
})

describe('hostile handshakes', () => {
  it.each(['TLSv1.1', 'TLSv1'] as const)(
    'a client at %s is refused, also by minVersion TLSv1.2',
    async (version) => {
      const files = await createCertificateFiles()
      const client = await issueClient(files.ca)
      for (const minVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
        const { port } = await startSource({ ...files.options, minVersion })
        const old = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }
        const answer = await exchange(port, { ca: files.ca.certificate, ...client, ...old })
        expect(answer).toEqual({ answer: '', session: undefined, resumed: false })
      }
    },
  )

  it.each(['a'.repeat(255), 'LOCALHOST', 'a b', '*'])(
    'A24 the server name %s harms nobody',
    async (servername) => {
      const files = await createCertificateFiles()
      const { port } = await startSource(files.options)
      const client = await issueClient(files.ca)
      const trust = { ca: files.ca.certificate, checkServerIdentity: () => undefined }
      const options = { ...trust, ...client, servername }
      expect((await exchange(port, options)).answer).toMatch(/^$|CN=client epoch 0/)
      expect((await exchange(port, { ...trust, ...client })).answer).toContain('CN=client epoch 0')
    },
  )

  it('A24 a listener of the application that throws in a handshake ends nothing', async () => {
    const files = await createCertificateFiles()
    const tls = await tlsFromFiles(files.options)
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    tls.on('refused', () => {
      throw new Error('bug')
    })
    const port = await listen(tls.createServer((_, response) => response.end('ok')))
    await knock(port, 'SSH-2.0-scanner\r\n')
    await vi.waitFor(() => expect(warn).toHaveBeenCalled(), 10_000)
    const client = { ca: files.ca.certificate, ...(await issueClient(files.ca)) }
    expect((await exchange(port, client)).answer).toContain('ok')
    warn.mockRestore()
    await tls.close()
  })
})
