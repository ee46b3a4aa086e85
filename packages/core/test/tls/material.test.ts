import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { chmod, mkdir, symlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createCertificateAuthority } from '@mcp-mtls/authority'
import { describe, expect, it } from 'vitest'
import { ConfigurationError, TlsMaterialError } from '../../src/errors.js'
import { thumbprint } from '../../src/identity/thumbprint.js'
import { type TlsFileOptions, tlsFromFiles } from '../../src/tls/tls-from-files.js'
import { createCertificateFiles } from './certificate-files.js'

const day = 86_400_000
const inDays = (days: number): Date => new Date(Date.now() + days * day)

async function refuse(options: TlsFileOptions): Promise<string> {
  const error: unknown = await tlsFromFiles(options).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(TlsMaterialError)
  return error instanceof Error ? error.message : ''
}

/** Root may read everything, so it steps down for the time of a call. */
async function asOrdinaryUser<T>(call: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return call()
  process.seteuid?.(65534)
  try {
    return await call()
  } finally {
    process.seteuid?.(0)
  }
}

describe('files', () => {
  it('may be named by file: URLs', async () => {
    const { options } = await createCertificateFiles()
    const tls = await tlsFromFiles({
      cert: pathToFileURL(options.cert),
      key: pathToFileURL(options.key),
      ca: pathToFileURL(options.ca),
    })
    expect(tls.authorities.map(({ name }) => name)).toEqual(['default'])
    expect(tls.warnings).toEqual([])
  })

  it.each(['cert', 'key', 'ca'] as const)('that are missing: %s', async (name) => {
    const { options, path } = await createCertificateFiles()
    const what = { cert: 'certificate', key: 'key', ca: 'CA' }[name]
    expect(await refuse({ ...options, [name]: path('absent') })).toBe(
      `${path('absent')}: no such ${what} file (looked for ${path('absent')}). Make one with: mcp-mtls certs server NAME`,
    )
  })

  it('that are missing, with a relative path, name the place looked at', async () => {
    const { options } = await createCertificateFiles()
    expect(await refuse({ ...options, cert: 'absent/server.crt' })).toContain(
      `looked for ${resolve('absent/server.crt')}`,
    )
  })

  it('that are a directory or a dangling link', async () => {
    const { options, path } = await createCertificateFiles()
    await mkdir(path('folder'))
    await symlink(path('nowhere'), path('link'))
    expect(await refuse({ ...options, key: path('folder') })).toBe(
      `${path('folder')}: a directory; name the key file in it. Make one with: mcp-mtls certs server NAME`,
    )
    expect(await refuse({ ...options, ca: path('link') })).toContain('no such CA file')
  })

  it('that may not be read', async () => {
    const { options } = await createCertificateFiles()
    await Promise.all([options.cert, options.key, options.ca].map((file) => chmod(file, 0)))
    expect(await asOrdinaryUser(() => refuse(options))).toMatch(
      /: the (certificate|key|CA) file may not be read by this process; check its owner and mode\. Make another with: mcp-mtls certs server NAME$/,
    )
  })

  it('warn when every user can read the key', async () => {
    const { options } = await createCertificateFiles()
    await chmod(options.key, 0o644)
    expect((await tlsFromFiles(options)).warnings).toEqual([
      `${options.key}: every user of this machine can read the private key; run chmod 600 on it.`,
    ])
  })
})

describe('A27 the certificate file', () => {
  it.each([
    ['empty', () => '', 'the file is empty.'],
    ['garbage', () => 'hello\n', 'no PEM block ("-----BEGIN …-----") in the file.'],
    ['cut off', (pem: string) => pem.slice(0, -30), 'is cut off.'],
    [
      'without its begin',
      (pem: string) => pem.split('\n').slice(1).join('\n'),
      'a marker is missing',
    ],
    [
      'without its end line',
      (pem: string) => `${pem.split('\n').slice(0, -2).join('\n')}\n${pem}`,
      'begins inside',
    ],
    [
      'with a broken marker',
      (pem: string) => pem.replace('-----BEGIN', '----BEGIN'),
      'a broken PEM marker.',
    ],
    [
      'with broken base64',
      (pem: string) => pem.replace(/\n(.{10})./, '\n$1!'),
      'block 1 is not base64.',
    ],
    [
      'with a flipped byte',
      (pem: string) => pem.replace('\nMII', '\nAII'),
      'block 1 is not an X.509 certificate',
    ],
    [
      'with a second, broken block',
      (pem: string) => `${pem}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
      'block 2 is not an X.509 certificate',
    ],
    [
      'of another label',
      (pem: string) => pem.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE'),
      'block 1 is a TRUSTED CERTIFICATE; the file may hold CERTIFICATE blocks only.',
    ],
  ])('that is %s is refused', async (_name, spoil, problem) => {
    const { options, ca, write } = await createCertificateFiles()
    const { certificate } = await ca.issue({ usage: 'server', dns: ['localhost'] })
    const file = await write('spoilt.crt', spoil(certificate.replace(/\n*$/, '\n')))
    const message = await refuse({ ...options, cert: file })
    expect(message).toContain(file)
    expect(message).toContain(problem)
  })

  it('that is DER is refused', async () => {
    const { options, ca, write } = await createCertificateFiles()
    const der = Buffer.from(ca.certificate.replace(/-----.*-----|\s/g, ''), 'base64')
    expect(await refuse({ ...options, ca: await write('ca.der', der) })).toContain('perhaps DER')
  })

  it('that holds more bytes than its certificate is refused', async () => {
    const { options, ca, write } = await createCertificateFiles()
    const der = Buffer.from(ca.certificate.replace(/-----.*-----|\s/g, ''), 'base64')
    const body = Buffer.concat([der, Buffer.from([0x30, 0])]).toString('base64')
    const pem = `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`
    expect(await refuse({ ...options, ca: await write('ca.crt', pem) })).toContain('block 1')
  })

  it('may have explanatory text and Windows line ends', async () => {
    const { options, ca, write } = await createCertificateFiles()
    const text = `Certificate:\n    Data: \n${ca.certificate}`.replaceAll('\n', '\r\n')
    const tls = await tlsFromFiles({ ...options, ca: await write('ca.crt', text) })
    expect(tls.authorities[0]?.anchors).toHaveLength(1)
  })

  it('that holds the key as well is refused', async () => {
    const { options, ca, write } = await createCertificateFiles()
    const { chain, key } = await ca.issue({ usage: 'server', dns: ['localhost'] })
    expect(await refuse({ ...options, cert: await write('both.pem', chain + key) })).toContain(
      'block 2 is a PRIVATE KEY',
    )
  })
})

describe('A27 the server certificate', () => {
  async function withServer(request: object) {
    const files = await createCertificateFiles()
    const server = await files.ca.issue({
      usage: 'server',
      cn: 'server',
      dns: ['localhost'],
      ...request,
    })
    const { certificate } = server
    const key = await files.write('new.key', server.key)
    return {
      ...files,
      options: { ...files.options, cert: await files.write('new.crt', certificate), key },
    }
  }

  it('that has expired is refused', async () => {
    const { options } = await withServer({ notBefore: inDays(-2), notAfter: inDays(-1) })
    expect(await refuse(options)).toMatch(
      /new\.crt: CN=server expired on .* GMT\. Make another with: mcp-mtls certs server NAME$/,
    )
  })

  it('that is not valid yet is refused', async () => {
    const { options } = await withServer({ notBefore: inDays(1), notAfter: inDays(2) })
    expect(await refuse(options)).toMatch(
      /CN=server is not valid before .* GMT; check the clock\.$/,
    )
  })

  it('that expires within seven days is a warning', async () => {
    const { options } = await withServer({ notAfter: inDays(6) })
    expect((await tlsFromFiles(options)).warnings).toEqual([
      expect.stringMatching(/new\.crt: CN=server expires on .* GMT\.$/),
    ])
  })

  it('that is for clients is refused', async () => {
    const { options } = await withServer({ usage: 'client' })
    expect(await refuse(options)).toBe(
      `${options.cert}: the certificate (CN=server) is not for servers: its extended key usage lacks serverAuth. Make another with: mcp-mtls certs server NAME`,
    )
  })

  it('with an RSA key of 1024 bits is refused', async () => {
    const { options } = await withServer({ algorithm: 'rsa-1024' })
    expect(await refuse(options)).toContain('its RSA key has 1024 bits; 2048 is the least')
  })

  it.each(['rsa-2048', 'ec-p384', 'ed25519'])(
    'with a key of kind %s is accepted',
    async (algorithm) => {
      const { options } = await withServer({ algorithm })
      expect((await tlsFromFiles(options)).warnings).toEqual([])
    },
  )

  it('without a subject alternative name is a warning', async () => {
    const { options } = await withServer({ dns: [] })
    expect((await tlsFromFiles(options)).warnings).toEqual([
      `${options.cert}: the certificate (CN=server) has no subject alternative name; most clients refuse it.`,
    ])
  })
})

describe('A27 the chain', () => {
  async function withChain(order: (leaf: string, child: string, root: string) => string) {
    const files = await createCertificateFiles()
    const child = await files.ca.child({ name: 'Intermediate' })
    const server = await child.issue({ usage: 'server', cn: 'server', dns: ['localhost'] })
    const text = order(server.certificate, child.certificate, files.ca.certificate)
    const key = await files.write('new.key', server.key)
    return { ...files.options, key, cert: await files.write('new.crt', text) }
  }

  it('may hold intermediates and the root', async () => {
    const options = await withChain((leaf, child, root) => `${leaf}\n${child}\n${root}`)
    expect((await tlsFromFiles(options)).warnings).toEqual([])
  })

  it('that begins with the issuer is refused', async () => {
    const options = await withChain((leaf, child) => `${child}\n${leaf}`)
    expect(await refuse(options)).toBe(
      `${options.cert}: the certificates are in the wrong order; put the server's own first.`,
    )
  })

  it('with a certificate that issued nothing before it is refused', async () => {
    const options = await withChain((leaf, child, root) => `${leaf}\n${root}\n${child}`)
    expect(await refuse(options)).toContain(
      "certificate 2 (CN=Test CA) did not issue certificate 1; write the server's certificate, then its issuer, then that one's issuer.",
    )
  })
})

describe('A27 the key', () => {
  it('of another certificate is refused', async () => {
    const { options, ca, write } = await createCertificateFiles()
    const other = await ca.issue({ usage: 'server', dns: ['localhost'] })
    const key = await write('other.key', other.key)
    expect(await refuse({ ...options, key })).toBe(
      `${key}: not the key of the certificate in ${options.cert} (CN=server).`,
    )
  })

  it.each([
    ['empty', '', 'the file is empty.'],
    [
      'a certificate',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      'a CERTIFICATE stands in the key file; keep only the key.',
    ],
    [
      'broken',
      '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
      'not a private key.',
    ],
    [
      'a public key',
      generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }),
      'a PUBLIC KEY stands in the key file',
    ],
  ])('that is %s is refused', async (_name, text, problem) => {
    const { options, write } = await createCertificateFiles()
    const key = await write('bad.key', String(text))
    expect(await refuse({ ...options, key })).toContain(`${key}: ${problem}`)
  })

  it('given twice is refused', async () => {
    const { options, ca, write } = await createCertificateFiles()
    const key = await write('two.key', `${ca.key}\n${ca.key}`)
    expect(await refuse({ ...options, key })).toBe(`${key}: holds more than one private key.`)
  })

  async function encryptKey(form: 'pkcs8' | 'sec1') {
    const files = await createCertificateFiles()
    const server = await files.ca.issue({ usage: 'server', cn: 'server', dns: ['localhost'] })
    const text = createPrivateKey(server.key).export({
      type: form,
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'secret',
    })
    const key = await files.write('enc.key', String(text))
    return { ...files.options, key, cert: await files.write('new.crt', server.chain) }
  }

  it.each(['pkcs8', 'sec1'] as const)(
    'encrypted as %s opens with its passphrase only',
    async (form) => {
      const options = await encryptKey(form)
      expect(await refuse(options)).toBe(`${options.key}: the key is encrypted; give "passphrase".`)
      expect(await refuse({ ...options, passphrase: 'wrong' })).toBe(
        `${options.key}: the passphrase does not open it.`,
      )
      const tls = await tlsFromFiles({ ...options, passphrase: 'secret' })
      expect(tls.warnings).toEqual([])
      expect(() => tls.createServer()).not.toThrow()
    },
  )

  it('that needs no passphrase says so', async () => {
    const { options } = await createCertificateFiles()
    expect((await tlsFromFiles({ ...options, passphrase: 'secret' })).warnings).toEqual([
      `${options.key}: the key is not encrypted; "passphrase" is not needed.`,
    ])
  })
})

describe('the CA file', () => {
  it('A31 with a leaf is refused and points to thumbprint assignments', async () => {
    const { options, ca, write } = await createCertificateFiles()
    const { certificate } = await ca.issue({ usage: 'client', cn: 'alice' })
    const file = await write('ca.crt', certificate)
    const der = Buffer.from(certificate.replace(/-----.*-----|\s/g, ''), 'base64')
    expect(await refuse({ ...options, ca: file })).toBe(
      `authority "default" (${file}): CN=alice is not a CA certificate (basic constraints without CA:TRUE). Put the CA that issued it here; to admit this one certificate alone, add an assignment with thumbprint: ${thumbprint(der)} to the policy.`,
    )
  })

  it('A30 with an intermediate and no root is refused', async () => {
    const { options, ca, write } = await createCertificateFiles()
    const child = await ca.child({ name: 'Intermediate' })
    const file = await write('ca.crt', child.certificate)
    expect(await refuse({ ...options, ca: file })).toBe(
      `authority "default" (${file}): CN=Intermediate is an intermediate CA without its root; Node trusts only chains up to a self-signed root. Add the certificate of CN=Test CA to the same authority.`,
    )
  })

  it('A30 with an intermediate beside its root is accepted', async () => {
    const { options, ca, write } = await createCertificateFiles()
    const child = await ca.child({ name: 'Intermediate' })
    const file = await write('ca.crt', `${child.certificate}\n${ca.certificate}`)
    const tls = await tlsFromFiles({ ...options, ca: file })
    expect(tls.authorities[0]?.anchors).toHaveLength(2)
    expect(tls.options.ca).toHaveLength(2)
  })

  it('A27 with an expired CA is refused', async () => {
    const { options, write } = await createCertificateFiles()
    const old = await createCertificateAuthority({
      name: 'Old',
      notBefore: inDays(-3),
      notAfter: inDays(-1),
    })
    expect(await refuse({ ...options, ca: await write('ca.crt', old.certificate) })).toMatch(
      /CN=Old expired on .* GMT; take it out of the file\.$/,
    )
  })

  it('with a CA that is not valid yet, or not for long, is a warning', async () => {
    const { options, ca, write } = await createCertificateFiles()
    const next = await createCertificateAuthority({
      name: 'Next',
      notBefore: inDays(1),
      notAfter: inDays(9),
    })
    const short = await createCertificateAuthority({ name: 'Short', notAfter: inDays(2) })
    const file = await write('ca.crt', [ca, next, short].map((one) => one.certificate).join('\n'))
    expect((await tlsFromFiles({ ...options, ca: file })).warnings).toEqual([
      expect.stringMatching(/CN=Next vouches for nobody before /),
      expect.stringMatching(/CN=Short expires on /),
    ])
  })

  it('that lists a CA twice counts it once', async () => {
    const { options, ca, write } = await createCertificateFiles()
    const file = await write('ca.crt', `${ca.certificate}\n${ca.certificate}`)
    expect((await tlsFromFiles({ ...options, ca: file })).options.ca).toHaveLength(1)
  })
})

describe('B05 several authorities', () => {
  async function createTwo() {
    const files = await createCertificateFiles()
    const other = await createCertificateAuthority({ name: 'Other CA' })
    const file = await files.write('other.crt', other.certificate)
    const { cert, key, ca } = files.options
    return { files, other, file, cert, key, ca }
  }

  it('keep their CAs and trust domains apart', async () => {
    const { cert, key, ca, file } = await createTwo()
    const tls = await tlsFromFiles({
      cert,
      key,
      authorities: {
        own: { ca, trustDomains: ['a.test'] },
        partner: { ca: [file], trustDomains: ['b.test'] },
      },
    })
    expect(
      tls.authorities.map(({ name, trustDomains, anchors }) => [
        name,
        trustDomains,
        anchors.map(({ subject }) => subject),
      ]),
    ).toEqual([
      ['own', ['a.test'], ['CN=Test CA']],
      ['partner', ['b.test'], ['CN=Other CA']],
    ])
    expect(tls.options.ca).toHaveLength(2)
    expect(tls.authorities.every(Object.isFrozen)).toBe(true)
  })

  it('may not share a CA', async () => {
    const { cert, key, ca, file } = await createTwo()
    const authorities = { own: { ca }, partner: { ca: [file, ca] } }
    expect(await refuse({ cert, key, authorities })).toMatch(
      /^authority "own" \(.*\) and authority "partner" \(.*\) overlap: CN=Test CA and CN=Test CA have the same key\. A client must belong to one authority; keep the CA in one of them\.$/,
    )
  })

  it('may not hold a CA whose issuer is in the other', async () => {
    const { cert, key, ca, files } = await createTwo()
    const child = await files.ca.child({ name: 'Intermediate' })
    const file = await files.write('child.crt', `${child.certificate}\n${files.ca.certificate}`)
    const authorities = { own: { ca }, partner: { ca: file } }
    expect(await refuse({ cert, key, authorities })).toContain('overlap')
    const lone = await files.write('lone.crt', child.certificate)
    expect(
      await refuse({ cert, key, authorities: { own: { ca }, partner: { ca: lone } } }),
    ).toContain('without its root')
  })

  it('may not vouch for the same trust domain', async () => {
    const { cert, key, ca, file } = await createTwo()
    const trustDomains = ['a.test']
    const authorities = { own: { ca, trustDomains }, partner: { ca: file, trustDomains } }
    await expect(tlsFromFiles({ cert, key, authorities })).rejects.toThrow(
      new ConfigurationError(
        'TLS source: trust domain "a.test" is listed by the authorities "own" and "partner"; exactly one may vouch for it.',
      ),
    )
  })
})
