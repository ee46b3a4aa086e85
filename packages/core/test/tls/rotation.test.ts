import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { createFolder } from '../policy/k8s-volume.js'
import { createCertificateFiles, issueClient } from './certificate-files.js'
import { get } from './exchange.js'
import {
  createOtherAuthority,
  createSecret,
  issueServer,
  readServerName,
  soon,
  startSource,
  untilServed,
} from './rotating-source.js'

async function start() {
  const files = await createCertificateFiles()
  const source = await startSource(files.options)
  const ca = files.ca.certificate
  const client = { ca, ...(await issueClient(files.ca, 'client')) }
  return { ...source, files, ca, client }
}

const told = (updates: readonly unknown[], count: number) =>
  vi.waitFor(() => expect(updates).toHaveLength(count), soon)

describe('rotation of the server certificate', () => {
  it('A28 takes a certificate and its key that are replaced in one swap, four times', async () => {
    const { files, ca } = await start()
    const secretOf = async (name: string) => {
      const { cert, key } = await issueServer(files.ca, name)
      return { 'tls.crt': cert, 'tls.key': key, 'ca.crt': ca }
    }
    const secret = await createSecret(await secretOf('server-0'))
    const { port, updates, errors, tls } = await startSource({
      cert: secret.path('tls.crt'),
      key: secret.path('tls.key'),
      ca: secret.path('ca.crt'),
    })
    for (const index of [1, 2, 3, 4]) {
      await secret.publish(await secretOf(`server-${index}`))
      await untilServed(port, ca, `server-${index}`)
      expect(updates).toHaveLength(index)
    }
    expect(updates.at(-1)).toEqual({ epoch: 0, what: ['certificate'] })
    expect(tls.epoch).toBe(0)
    expect(errors).toEqual([])
  })

  it('A28 takes a certificate whose key comes 300 ms later as one change, and fails no handshake', async () => {
    const { files, port, updates, errors, client } = await start()
    const next = await issueServer(files.ca, 'server-1')
    const answers: string[] = []
    let done = false
    const load = (async () => {
      while (!done) answers.push(await get(port, client))
    })()
    await files.write('server.crt', next.cert)
    await sleep(300)
    await files.write('server.key', next.key)
    await told(updates, 1)
    await sleep(600)
    done = true
    await load
    expect(updates).toEqual([{ epoch: 0, what: ['certificate'] }])
    expect(errors).toEqual([])
    expect(new Set(answers)).toEqual(new Set(['CN=client epoch 0']))
    expect(await readServerName(port, client.ca)).toBe('server-1')
  })

  it('A28 takes three separate writes, key first or last, as spiffe-helper makes them', async () => {
    const { files, port, updates, errors, ca } = await start()
    const orders = [
      ['server.crt', 'server.key', 'ca.crt'],
      ['ca.crt', 'server.key', 'server.crt'],
    ]
    for (const [index, order] of orders.entries()) {
      const { cert, key } = await issueServer(files.ca, `server-${index}`)
      const other = await createOtherAuthority()
      const bundle = `${ca}\n${other.certificate}`
      const texts: Record<string, string> = {
        'server.crt': cert,
        'server.key': key,
        'ca.crt': bundle,
      }
      for (const name of order) await files.write(name, texts[name] ?? '')
      await told(updates, index + 1)
      expect(await readServerName(port, ca)).toBe(`server-${index}`)
    }
    expect(updates.at(-1)).toEqual({ epoch: 2, what: ['certificate', 'authorities'] })
    expect(errors).toEqual([])
  })

  it('A28 takes files rewritten in place, as step ca renew does, and deleted and made again', async () => {
    const { files, port, ca, errors } = await start()
    const first = await issueServer(files.ca, 'server-1')
    await writeFile(files.options.cert, first.cert)
    await writeFile(files.options.key, first.key)
    await untilServed(port, ca, 'server-1')
    const second = await issueServer(files.ca, 'server-2')
    await rm(files.options.cert)
    await rm(files.options.key)
    await sleep(300)
    await files.write('server.crt', second.cert)
    await files.write('server.key', second.key)
    await untilServed(port, ca, 'server-2')
    expect(errors).toEqual([])
  })

  it('reaches every attached server, also one that listens already', async () => {
    const { tls, files, port, ca } = await start()
    const { listen } = await import('./exchange.js')
    const more = await listen(tls.createServer())
    const next = await issueServer(files.ca, 'server-1')
    await files.write('server.crt', next.cert)
    await files.write('server.key', next.key)
    await tls.reload()
    expect(await readServerName(port, ca)).toBe('server-1')
    expect(await readServerName(more, ca)).toBe('server-1')
    expect(await readServerName(await listen(tls.createServer()), ca)).toBe('server-1')
    expect(tls.describe()).toContain('server-1')
  })

  it('leaves open connections open', async () => {
    const { tls, files, client } = await start()
    const { Agent, request } = await import('node:https')
    const { listen } = await import('./exchange.js')
    const port = await listen(tls.createServer((_, response) => response.end('ok')))
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ...client })
    const sockets = new Set<unknown>()
    const ask = () =>
      new Promise<void>((resolve, reject) => {
        request({ host: '127.0.0.1', servername: 'localhost', port, agent }, (response) => {
          sockets.add(response.socket)
          response.on('end', resolve).resume()
        })
          .on('error', reject)
          .end()
      })
    await ask()
    const next = await issueServer(files.ca, 'server-1')
    await files.write('server.crt', next.cert)
    await files.write('server.key', next.key)
    await tls.reload()
    await ask()
    agent.destroy()
    expect(sockets.size).toBe(1)
  })
})

describe('what cannot be taken', () => {
  it.each([
    ['an empty certificate file', 'server.crt', async () => ''],
    ['a certificate cut off', 'server.crt', async (pem: string) => pem.slice(0, -40)],
    ['an empty key file', 'server.key', async () => ''],
    ['an empty CA file', 'ca.crt', async () => ''],
    ['a CA file cut off', 'ca.crt', async (pem: string) => pem.slice(0, -40)],
    [
      'garbage beside the CA',
      'ca.crt',
      async (pem: string) => `${pem}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
    ],
    [
      'a leaf as CA',
      'ca.crt',
      async () => (await (await createOtherAuthority()).issue({ usage: 'client', cn: 'x' })).chain,
    ],
    [
      'the certificate of another key',
      'server.crt',
      async () => (await issueServer(await createOtherAuthority(), 'x')).cert,
    ],
  ])(
    'A27 %s changes nothing, is said once, and the next good file is taken',
    async (_, name, spoil) => {
      const { files, port, client, ca, errors, updates, tls } = await start()
      const { readFile } = await import('node:fs/promises')
      const good = await readFile(files.path(name), 'utf8')
      await files.write(name, await spoil(good))
      await vi.waitFor(() => expect(errors).toHaveLength(1), soon)
      expect(errors[0]).toContain(files.path(name))
      expect(await readServerName(port, ca)).toBe('server')
      expect(await get(port, client)).toBe('CN=client epoch 0')
      expect(tls.status()).toMatchObject({ lastError: errors[0], ready: true, epoch: 0 })
      const next = await issueServer(files.ca, 'server-1')
      await files.write(name, good)
      await files.write('server.crt', next.cert)
      await files.write('server.key', next.key)
      await told(updates, 1)
      await untilServed(port, ca, 'server-1')
      expect(tls.status()).not.toHaveProperty('lastError')
      expect(errors).toHaveLength(1)
    },
  )

  it('A27 an expired certificate changes nothing', async () => {
    const { files, port, ca, tls } = await start()
    const past = { notBefore: new Date(Date.now() - 9e7), notAfter: new Date(Date.now() - 9e6) }
    const next = await issueServer(files.ca, 'server-1', past)
    await files.write('server.crt', next.cert)
    await files.write('server.key', next.key)
    await expect(tls.reload()).rejects.toThrow('expired on')
    expect(await readServerName(port, ca)).toBe('server')
  })

  it('A28 a dangling link, a directory and a missing directory change nothing, and what follows is taken', async () => {
    const { files, port, ca, errors } = await start()
    const folder = await createFolder()
    const place = join(folder, 'certs')
    await mkdir(place)
    const first = await issueServer(files.ca, 'server-1')
    await writeFile(join(place, 'tls.crt'), first.cert)
    await writeFile(join(place, 'tls.key'), first.key)
    const other = await startSource({
      cert: join(place, 'tls.crt'),
      key: join(place, 'tls.key'),
      ca: files.options.ca,
    })
    await rm(join(place, 'tls.crt'))
    await symlink('nowhere', join(place, 'tls.crt'))
    await vi.waitFor(() => expect(other.errors.join()).toContain('no such certificate file'), soon)
    await rm(join(place, 'tls.crt'))
    await mkdir(join(place, 'tls.crt'))
    await vi.waitFor(() => expect(other.errors.join()).toContain('a directory'), soon)
    expect(await readServerName(other.port, ca)).toBe('server-1')
    await rename(place, join(folder, 'old'))
    await mkdir(place)
    const second = await issueServer(files.ca, 'server-2')
    await writeFile(join(place, 'tls.crt'), second.cert)
    await writeFile(join(place, 'tls.key'), second.key)
    await untilServed(other.port, ca, 'server-2')
    expect(await readServerName(port, ca)).toBe('server')
    expect(errors).toEqual([])
  })

  it.skipIf(process.getuid?.() === 0)('A28 EACCES changes nothing until it is mended', async () => {
    const { files, errors, updates } = await start()
    const next = await issueServer(files.ca, 'server-1')
    await files.write('server.crt', next.cert)
    await files.write('server.key', next.key)
    await chmod(files.options.key, 0o000)
    await vi.waitFor(() => expect(errors.join()).toContain('may not be read'), soon)
    await chmod(files.options.key, 0o600)
    await told(updates, 1)
  })

  it('is said to the process where nobody listens', async () => {
    const { files, tls } = await start()
    const { tlsFromFiles } = await import('../../src/tls/tls-from-files.js')
    await tls.close()
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const alone = await tlsFromFiles(files.options)
    await files.write('ca.crt', '')
    await vi.waitFor(() => expect(warn).toHaveBeenCalled(), soon)
    expect(warn.mock.calls[0]?.[0]).toContain('TLS files were not reloaded: ')
    await alone.close()
    warn.mockRestore()
  })
})

describe('reload', () => {
  it('A27 reads now, and rejects with what is wrong', async () => {
    const { tls, files, updates } = await start()
    await tls.reload()
    expect(updates).toEqual([])
    await files.write('ca.crt', 'nothing')
    await expect(tls.reload()).rejects.toThrow(`${files.options.ca}: no PEM block`)
    expect(tls.status().lastError).toContain('no PEM block')
    await files.write('ca.crt', files.ca.certificate)
    await tls.reload()
    expect(tls.status()).not.toHaveProperty('lastError')
  })

  it('asks for the passphrase of an encrypted key each time', async () => {
    const { createPrivateKey } = await import('node:crypto')
    const files = await createCertificateFiles()
    const encrypt = async (name: string, passphrase: string) => {
      const { cert, key } = await issueServer(files.ca, name)
      const options = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase } as const
      await files.write('server.crt', cert)
      await files.write('server.key', String(createPrivateKey(key).export(options)))
    }
    await encrypt('server-0', 'first')
    let secret = 'first'
    const passphrase = vi.fn(async () => secret)
    const { tls, port } = await startSource({ ...files.options, passphrase })
    secret = 'second'
    await encrypt('server-1', 'second')
    await tls.reload()
    expect(await readServerName(port, files.ca.certificate)).toBe('server-1')
    secret = ''
    await expect(tls.reload()).rejects.toThrow('the function "passphrase" gave no text')
    passphrase.mockRejectedValueOnce(new Error('first'))
    await expect(tls.reload()).rejects.toThrow(/failed\.$/)
    expect(passphrase.mock.calls.length).toBeGreaterThanOrEqual(4)
  })

  it('ends with close', async () => {
    const { tls, files, updates, port, ca } = await start()
    await tls.close()
    const next = await issueServer(files.ca, 'server-1')
    await files.write('server.crt', next.cert)
    await files.write('server.key', next.key)
    await expect(tls.reload()).rejects.toThrow('it is closed')
    await sleep(600)
    expect(updates).toEqual([])
    expect(await readServerName(port, ca)).toBe('server')
  })
})
