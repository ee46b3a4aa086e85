import { execFileSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ConfigurationError, TlsMaterialError } from '../../src/errors.js'
import { parsePkcs12 } from '../../src/tls/parse-pkcs12.js'
import { createCertificateFiles } from './certificate-files.js'
import { hasOpenssl, type Pkcs12Parts, writePkcs12 } from './pkcs12-files.js'
import { createOtherAuthority, issueServer } from './rotating-source.js'

/** A server below two intermediates, and a way to put it into a file. */
async function start() {
  const files = await createCertificateFiles()
  const upper = await files.ca.child({ name: 'Upper' })
  const lower = await upper.child({ name: 'Lower' })
  const issued = await lower.issue({ usage: 'server', cn: 'server', dns: ['localhost'] })
  const server = { cert: issued.certificate, key: issued.key }
  const above = [files.ca.certificate, lower.certificate, upper.certificate].join('')
  const make = (parts: Partial<Pkcs12Parts> = {}) =>
    writePkcs12(files, 'a.p12', { ...server, ...parts })
  const parse = async (parts: Partial<Pkcs12Parts> = {}, passphrase = parts.passphrase ?? 'x') =>
    parsePkcs12(await readFile(await make(parts)), 'a.p12', passphrase)
  return { files, server, above, make, parse }
}

const namesOf = (certificates: readonly X509Certificate[]) =>
  certificates.map(({ subject }) => subject)

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  const error: unknown = await promise.then(
    () => undefined,
    (failure) => failure,
  )
  expect(error).toBeInstanceOf(TlsMaterialError)
  return error instanceof Error ? error : new Error('nothing failed')
}

const conversion = 'openssl pkcs12 -legacy -in OLD.p12 -out all.pem'

afterEach(() => {
  vi.doUnmock('pkijs')
  vi.resetModules()
})

describe.skipIf(!hasOpenssl)('parsePkcs12 (skipped without openssl, which makes the files)', () => {
  it('reads the key, its certificate, and those above it in order without the root', async () => {
    const { parse, above, server } = await start()
    const { certificates, key, warnings } = await parse({ more: above })
    expect(namesOf(certificates)).toEqual(['CN=server', 'CN=Lower', 'CN=Upper'])
    expect(key.equals(createPrivateKey(server.key))).toBe(true)
    expect(warnings).toEqual([])
  })

  it('A26 leaves out certificates that are not of the chain, and says so', async () => {
    const { parse, files } = await start()
    const other = await createOtherAuthority()
    const more = `${other.certificate}${files.ca.certificate}`
    const { certificates, warnings } = await parse({ more })
    expect(namesOf(certificates)).toEqual(['CN=server'])
    expect(warnings).toEqual([
      'a.p12: left out, since the server\'s certificate does not lead there: CN=Other CA; CN=Test CA. No certificate of this file vouches for clients; those are in "ca".',
    ])
  })

  it.each<[string, string[]]>([
    ['AES-128', ['-certpbe', 'AES-128-CBC', '-keypbe', 'AES-128-CBC']],
    ['a MAC by SHA-512', ['-macalg', 'sha512']],
    ['many iterations', ['-iter', '100000']],
    ['certificates that are not encrypted', ['-certpbe', 'NONE']],
    ['a key that is not encrypted', ['-keypbe', 'NONE']],
  ])('reads files with %s', async (_, args) => {
    const { parse } = await start()
    expect(namesOf((await parse({ args })).certificates)).toEqual(['CN=server'])
  })

  it.each(['a b', 'pässwört €', 'x'.repeat(200)])('opens with the passphrase %j', async (word) => {
    const { parse } = await start()
    expect((await parse({ passphrase: word })).certificates).toHaveLength(1)
  })

  it.each(['ed25519', 'rsa-2048', 'ec-p384'] as const)('reads keys of %s', async (algorithm) => {
    const { parse, files } = await start()
    const issued = await files.ca.issue({ usage: 'server', cn: algorithm, algorithm })
    const { key, certificates } = await parse({ cert: issued.certificate, key: issued.key })
    expect(certificates[0]?.checkPrivateKey(key)).toBe(true)
  })

  it('A27 refuses a wrong passphrase, and says nothing of the key or the passphrases', async () => {
    const { parse, server } = await start()
    const error = await failureOf(parse({ passphrase: 'right-word' }, 'wrong-word'))
    expect(error.message).toBe('a.p12: the passphrase does not open it, or the file was changed.')
    const text = JSON.stringify([error, error.stack, error.cause])
    expect(text).not.toMatch(/right-word|wrong-word/)
    expect(text).not.toContain(server.key.split('\n')[1])
  })

  it.each<[string, string[], string]>([
    ['3DES', ['-certpbe', 'PBE-SHA1-3DES', '-keypbe', 'PBE-SHA1-3DES'], 'RC2, 3DES'],
    ['a key in 3DES', ['-keypbe', 'PBE-SHA1-3DES'], 'RC2, 3DES'],
    ['3DES by PBES2', ['-certpbe', 'DES-EDE3-CBC', '-keypbe', 'DES-EDE3-CBC'], 'RC2, 3DES'],
    ['a MAC by SHA-1', ['-macalg', 'sha1'], 'MAC is not by SHA-2'],
    ['a million and one iterations', ['-iter', '1000001'], 'more than 1000000 iterations'],
    ['no MAC', ['-nomac'], 'nothing protects it from changes'],
  ])('refuses a file with %s', async (name, args, problem) => {
    const { parse } = await start()
    const { message } = await failureOf(parse({ args }))
    expect(message).toContain(`a.p12: `)
    expect(message).toContain(problem)
    if (/DES|SHA-1/.test(name)) expect(message).toContain(conversion)
  })

  it('reads an old file after the conversion that its refusal names', async () => {
    const { files, make, above } = await start()
    const old = ['-certpbe', 'PBE-SHA1-3DES', '-keypbe', 'PBE-SHA1-3DES', '-macalg', 'sha1']
    const from = await make({ args: old, more: above })
    const [pem, to] = [files.path('all.pem'), files.path('new.p12')]
    const words = ['-passin', 'pass:x', '-passout', 'pass:x']
    execFileSync('openssl', ['pkcs12', '-in', from, '-out', pem, ...words], { stdio: 'ignore' })
    execFileSync('openssl', ['pkcs12', '-export', '-in', pem, '-out', to, ...words])
    const { certificates } = await parsePkcs12(await readFile(to), to, 'x')
    expect(namesOf(certificates)).toEqual(['CN=server', 'CN=Lower', 'CN=Upper'])
  })

  it('refuses a file without a key, and one with the key of another certificate', async () => {
    const { files, parse, above } = await start()
    const noKey = ['pkcs12', '-export', '-nokeys', '-in', await files.write('c.crt', above)]
    execFileSync('openssl', [...noKey, '-passout', 'pass:x', '-out', files.path('c.p12')])
    const bytes = await readFile(files.path('c.p12'))
    expect((await failureOf(parsePkcs12(bytes, 'c.p12', 'x'))).message).toBe(
      'c.p12: it holds no private key.',
    )
    const alone = ['-nocerts']
    expect((await failureOf(parse({ args: alone }))).message).toBe(
      'a.p12: none of its certificates has the public key of its key.',
    )
  })

  it('refuses a file with two certificates of one key', async () => {
    const { files, parse } = await start()
    const self = ['req', '-x509', '-subj', '/CN=again', '-out', files.path('again.crt')]
    const { key } = await issueServer(files.ca, 'one')
    const request = await files.write('one.key', key)
    execFileSync('openssl', [...self, '-key', request], { stdio: 'ignore' })
    const again = await readFile(files.path('again.crt'), 'utf8')
    execFileSync('openssl', [...self.slice(0, -1), files.path('more.crt'), '-key', request], {
      stdio: 'ignore',
    })
    const more = await readFile(files.path('more.crt'), 'utf8')
    expect((await failureOf(parse({ cert: again, key, more }))).message).toBe(
      'a.p12: two of its certificates have its key; keep the newer one.',
    )
  })

  it('A28 refuses what is cut off, has bytes behind it, is PEM or something else', async () => {
    const { make, server } = await start()
    const good = await readFile(await make())
    const cases: readonly (readonly [Buffer, string])[] = [
      [Buffer.alloc(0), 'not PKCS#12'],
      [good.subarray(0, -1), 'cut off'],
      [Buffer.concat([good, Buffer.from([0x30, 0])]), 'not PKCS#12'],
      [Buffer.from(server.cert), 'PEM, not PKCS#12; give "cert" and "key"'],
      [Buffer.from(new X509Certificate(server.cert).raw), 'not PKCS#12, or broken'],
      [Buffer.alloc(1024 * 1024 + 1, 0x30), 'larger than 1048576 bytes'],
    ]
    for (const [bytes, problem] of cases) {
      const { message } = await failureOf(parsePkcs12(bytes, 'a.p12', 'x'))
      expect(message).toMatch(/^a\.p12: /)
      expect(message).toContain(problem)
    }
  })

  it('A28 lets no byte of certificates and key be changed', async () => {
    const { make, server } = await start()
    const good = await readFile(await make({ args: ['-iter', '1'] }))
    const key = createPrivateKey(server.key)
    for (let index = 0; index < good.length; index += 7) {
      const bytes = Buffer.from(good)
      bytes[index] = (bytes[index] ?? 0) ^ 0x41
      const parsed = await parsePkcs12(bytes, 'a.p12', 'x').catch((error: unknown) => {
        expect(error).toBeInstanceOf(TlsMaterialError)
        return undefined
      })
      if (parsed === undefined) continue
      expect(parsed.key.equals(key)).toBe(true)
      expect(namesOf(parsed.certificates)).toEqual(['CN=server'])
    }
  })

  it('without pkijs names the command that installs it', async () => {
    const { make } = await start()
    const bytes = await readFile(await make())
    vi.resetModules()
    vi.doMock('pkijs', () => {
      throw new Error('Cannot find package')
    })
    const fresh = await import('../../src/tls/parse-pkcs12.js')
    const error: unknown = await fresh.parsePkcs12(bytes, 'a.p12', 'x').catch((e: unknown) => e)
    expect(error).toMatchObject({ name: new ConfigurationError('').name })
    expect(String(error)).toContain('npm install pkijs@^4.0.0')
  })

  it('loads pkijs only where there is such a file', async () => {
    const { files } = await start()
    vi.resetModules()
    vi.doMock('pkijs', () => {
      throw new Error('was loaded')
    })
    const { tlsFromFiles } = await import('../../src/tls/tls-from-files.js')
    const tls = await tlsFromFiles(files.options)
    await tls.close()
    await writeFile(files.path('x.p12'), 'x')
    const pair = { ca: files.options.ca, pfx: files.path('x.p12'), passphrase: 'x' }
    await expect(tlsFromFiles(pair)).rejects.toThrow('npm install pkijs')
  })
})
