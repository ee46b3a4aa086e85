import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createSecureServer } from 'node:http2'
import { connect } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { chainOf, verifyStillVouched } from '../../src/identity/presented-chain.js'
import { readPeerCertificate } from '../../src/identity/read-peer-certificate.js'
import { createCertificateFiles, issueClient } from './certificate-files.js'
import { buildCrl, entry, toCrlPem } from './crl-builder.js'
import { exchange, get, getHttp2, listen } from './exchange.js'
import { createOtherAuthority, issueServer, startSource } from './rotating-source.js'

async function start(options: { clientCertificate?: 'request'; denyList?: string } = {}) {
  const files = await createCertificateFiles()
  const denyList =
    options.denyList === undefined ? {} : { denyList: await files.write('deny', options.denyList) }
  const { clientCertificate } = options
  const source = await startSource({
    ...files.options,
    ...(clientCertificate && { clientCertificate }),
    ...denyList,
  })
  const other = await createOtherAuthority()
  const ca = files.ca.certificate
  return {
    ...source,
    files,
    other,
    trust: { ca },
    ours: { ca, ...(await issueClient(files.ca, 'ours')) },
    theirs: { ca, ...(await issueClient(other, 'theirs')) },
  }
}

const refused = 'ECONNRESET'

describe('rotation of CA certificates', () => {
  it('A22 overlaps: the new CA is added, then the old one leaves', async () => {
    const { tls, files, other, port, ours, theirs, updates } = await start()
    expect(await get(port, theirs)).toBe(refused)
    await files.write('ca.crt', `${files.ca.certificate}\n${other.certificate}`)
    await tls.reload()
    expect(await get(port, ours)).toBe('CN=ours epoch 1')
    expect(await get(port, theirs)).toBe('CN=theirs epoch 1')
    await files.write('ca.crt', other.certificate)
    await tls.reload()
    expect(await get(port, ours)).toBe(refused)
    expect(await get(port, theirs)).toBe('CN=theirs epoch 2')
    expect(updates).toEqual([
      { epoch: 1, what: ['authorities'] },
      { epoch: 2, what: ['authorities'] },
    ])
    expect(tls.authorities.map(({ anchors }) => anchors.map(String))).toEqual([
      [String(new X509Certificate(other.certificate))],
    ])
  })

  it('A18 resumes no session from before', async () => {
    const { tls, files, other, port, ours } = await start()
    const { session, answer } = await exchange(port, ours)
    expect(answer).toContain('CN=ours epoch 0')
    const again = await exchange(port, { ...ours, session: session as Buffer })
    expect(again.resumed).toBe(true)
    await files.write('ca.crt', other.certificate)
    await tls.reload()
    for (const one of [session, again.session]) {
      const later = await exchange(port, { ...ours, session: one as Buffer })
      expect(later).toMatchObject({ answer: '', resumed: false })
    }
  })

  it("A18 resumes nobody under clientCertificate: 'request' either", async () => {
    const { tls, files, other, port, ours } = await start({ clientCertificate: 'request' })
    const { session } = await exchange(port, ours)
    await files.write('ca.crt', other.certificate)
    await tls.reload()
    const later = await exchange(port, { ...ours, session: session as Buffer })
    expect(later.resumed).toBe(false)
    expect(later.answer).toContain('not-authorized')
  })

  it('A19 takes a resumed session for whoever began it, whatever certificate comes along', async () => {
    const { files, port, ours } = await start()
    const { session } = await exchange(port, ours)
    const another = await issueClient(files.ca, 'another')
    const resumed = await exchange(port, { ...ours, ...another, session: session as Buffer })
    expect(resumed).toMatchObject({ resumed: true })
    expect(resumed.answer).toContain('CN=ours')
  })

  it('A23 tells a client whose CA left only when it reads: under TLS 1.3 it was connected before', async () => {
    const { tls, files, other, port, ours } = await start()
    await files.write('ca.crt', other.certificate)
    await tls.reload()
    const socket = connectTls({ host: '127.0.0.1', servername: 'localhost', port, ...ours })
    socket.on('error', () => undefined)
    const data: unknown[] = []
    socket.on('data', (chunk) => data.push(chunk))
    await once(socket, 'secureConnect')
    await once(socket, 'close')
    expect(data).toEqual([])
  })

  it('A26 a new leaf alone keeps everything else: CA, CRL and lowest version', async () => {
    const { tls, files, ours, theirs } = await start()
    const revoked = await issueClient(files.ca, 'revoked')
    const serial = new X509Certificate(revoked.cert).serialNumber
    await files.write('ca.crl', toCrlPem(buildCrl(files.ca, { entries: [entry(serial)] })))
    const guarded = await startSource({ ...files.options, crl: files.path('ca.crl') })
    const next = await issueServer(files.ca, 'server-1')
    await files.write('server.crt', next.cert)
    await files.write('server.key', next.key)
    await guarded.tls.reload()
    await tls.reload()
    expect(guarded.updates).toEqual([{ epoch: 0, what: ['certificate'] }])
    expect(await get(guarded.port, ours)).toBe('CN=ours epoch 0')
    expect(await get(guarded.port, theirs)).toBe(refused)
    expect(await get(guarded.port, { ...ours, ...revoked })).toBe(refused)
    expect(await get(guarded.port, { ...ours, maxVersion: 'TLSv1.2' })).toBe('EPROTO')
  })

  it('A26 is the same for HTTP/2, and counts its sessions', async () => {
    const { tls, files, other, ours, theirs } = await start()
    const server = createSecureServer(tls.options, (request, response) => {
      response.end(`epoch ${tls.epochOf(request.stream.session ?? {})}`)
    })
    const port = await listen(tls.attach(server))
    expect(await getHttp2(port, ours)).toBe('epoch 0')
    await files.write('ca.crt', other.certificate)
    await tls.reload()
    expect(await getHttp2(port, theirs)).toBe('epoch 1')
    expect(await getHttp2(port, ours)).not.toContain('epoch')
  })
})

describe('connections from before', () => {
  it('A18 A22 a handshake that began before a swap is of the epoch before', async () => {
    const { tls, files, other, port, ours } = await start()
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    await get(port, ours)
    await files.write('ca.crt', other.certificate)
    await tls.reload()
    const secure = connectTls({ socket, servername: 'localhost', ...ours })
    secure.on('error', () => undefined)
    secure.write('GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
    let answer = ''
    secure.on('data', (chunk) => {
      answer += String(chunk)
    })
    await once(secure, 'close')
    expect(answer).toContain('CN=ours epoch 0')
    expect(tls.epoch).toBe(1)
  })

  it('A22 are told from newer ones, and are no longer vouched for', async () => {
    const { tls, server, files, other, port, ours } = await start()
    const sockets: TLSSocket[] = []
    server.on('secureConnection', (socket: TLSSocket) => sockets.push(socket))
    const client = connectTls({ host: '127.0.0.1', servername: 'localhost', port, ...ours })
    client.on('error', () => undefined)
    client.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
    await once(client, 'data')
    const socket = sockets[0] as TLSSocket
    const certificate = readPeerCertificate(socket, tls.authorities)
    await files.write('ca.crt', `${files.ca.certificate}\n${other.certificate}`)
    await tls.reload()
    const now = Date.now()
    verifyStillVouched(certificate, { authorities: tls.authorities, now })
    await files.write('ca.crt', other.certificate)
    await tls.reload()
    expect(tls.epochOf(socket)).toBe(0)
    const late = () =>
      readPeerCertificate(socket, tls.authorities, { followChain: true }).subject.text
    for (const check of [
      late,
      () => verifyStillVouched(certificate, { authorities: tls.authorities, now }),
    ]) {
      // From Node 26 on a connection tells the root that its handshake ended in, too.
      const reason = expect.stringMatching(/^(chain-unavailable|unknown-authority)$/)
      expect(check).toThrow(expect.objectContaining({ reason }))
    }
    client.destroy()
  })
})

describe('rotation of revocations', () => {
  it('A18 A22 a CRL that comes to list a client ends its sessions and its handshakes', async () => {
    const { files, ours } = await start()
    const crl = await files.write('ca.crl', toCrlPem(buildCrl(files.ca)))
    const { tls, port, updates, server } = await startSource({ ...files.options, crl })
    const { session, answer } = await exchange(port, ours)
    expect(answer).toContain('CN=ours epoch 0')
    const certificates: ReturnType<typeof readPeerCertificate>[] = []
    server.on('request', (request) => {
      certificates.push(readPeerCertificate(request.socket, tls.authorities))
    })
    await get(port, ours)
    const [certificate] = certificates as [ReturnType<typeof readPeerCertificate>]
    tls.revocation.verify(chainOf(certificate), Date.now())
    const serial = new X509Certificate(ours.cert).serialNumber
    await files.write('ca.crl', toCrlPem(buildCrl(files.ca, { entries: [entry(serial)] })))
    await tls.reload()
    expect(updates).toEqual([{ epoch: 1, what: ['revocation'] }])
    const later = await exchange(port, { ...ours, session: session as Buffer })
    expect(later).toMatchObject({ answer: '', resumed: false })
    expect(await get(port, ours)).toBe(refused)
    expect(() => tls.revocation.verify(chainOf(certificate), Date.now())).toThrow(
      expect.objectContaining({ reason: 'revoked' }),
    )
  })

  it('A27 a CRL that does not fit changes nothing', async () => {
    const { files, other, ours } = await start()
    const crl = await files.write('ca.crl', toCrlPem(buildCrl(files.ca)))
    const { tls, port } = await startSource({ ...files.options, crl })
    for (const broken of ['', toCrlPem(buildCrl(other)), 'nothing']) {
      await files.write('ca.crl', broken)
      await expect(tls.reload()).rejects.toThrow(/crl|CRL/)
    }
    expect(await get(port, ours)).toBe('CN=ours epoch 0')
    expect(tls.status()).toMatchObject({ epoch: 0, ready: true })
  })

  it('a deny list that changes begins an epoch', async () => {
    const { tls, files, updates } = await start({ denyList: '# nobody\n' })
    const client = await files.ca.issue({ usage: 'client', cn: 'denied' })
    const leaf = new X509Certificate(client.certificate)
    tls.revocation.verify([leaf], Date.now())
    await files.write('deny', 'cn denied\n')
    await tls.reload()
    expect(updates).toEqual([{ epoch: 1, what: ['revocation'] }])
    expect(() => tls.revocation.verify([leaf], Date.now())).toThrow(
      expect.objectContaining({ reason: 'revoked' }),
    )
    await files.write('deny', '')
    await expect(tls.reload()).rejects.toThrow('the deny list is empty')
  })
})
