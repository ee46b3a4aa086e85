import { type CertificateAuthority, createCertificateAuthority } from '@mcp-mtls/authority'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ConfigurationError, TlsMaterialError } from '../../src/errors.js'
import type { TlsFileOptions } from '../../src/tls/file-options.js'
import { type OpenaiConnectors, openaiConnectors } from '../../src/tls/openai-connectors.js'
import { parseFileOptions } from '../../src/tls/parse-file-options.js'
import { tlsFromFiles } from '../../src/tls/tls-from-files.js'
import { type CertificateFiles, createCertificateFiles } from './certificate-files.js'

const server = { cert: 'server.crt', key: 'server.key' }
const files = { root: 'root.pem', intermediate: 'intermediate.pem' }

function parse(openai: unknown, more: object = {}) {
  const authorities = { openai }
  const [authority] = parseFileOptions({ ...server, authorities, ...more }).authorities
  return authority
}

describe('the preset for ChatGPT', () => {
  it('is an authority of that root, intermediate and name, challenged in results', () => {
    expect(parse(openaiConnectors(files))).toEqual({
      name: 'openai',
      ca: ['root.pem'],
      crl: [],
      trustDomains: [],
      issuedBy: ['intermediate.pem'],
      dns: ['mtls.prod.connectors.openai.com'],
      challenge: 'tool-result',
    })
    expect(Object.isFrozen(openaiConnectors(files))).toBe(true)
  })

  it('takes other names in place of its own', () => {
    expect(parse(openaiConnectors({ ...files, dns: 'a.test' }))?.dns).toEqual(['a.test'])
    const dns = ['mtls.connectors.openai.com', 'b.test']
    expect(parse(openaiConnectors({ ...files, dns }))?.dns).toEqual(dns)
  })

  it.each<[unknown, string]>([
    [undefined, '"openaiConnectors" must be an object'],
    [{ ...files, ca: 'x' }, 'unknown option of openaiConnectors "ca"'],
    [{ root: 'root.pem' }, '"openaiConnectors.intermediate" is missing'],
    [{ ...files, root: '' }, '"openaiConnectors.root" must be a path'],
    [
      { ...files, intermediate: '-----BEGIN CERTIFICATE-----' },
      '"openaiConnectors.intermediate" holds PEM text',
    ],
  ])('refuses %j at once', (options, advice) => {
    const make = () => openaiConnectors(options as typeof files)
    expect(make).toThrow(ConfigurationError)
    expect(make).toThrow(advice)
  })

  it('A30 without the root says that Node needs it, and how to find its name', () => {
    const make = () => openaiConnectors({ intermediate: 'x.pem' } as typeof files)
    expect(make).toThrow(ConfigurationError)
    expect(make).toThrow(/"openaiConnectors\.root" is missing: .*self-signed root.*-issuer/)
  })

  it.each<[unknown, string]>([
    ['*.connectors.openai.com', 'it is compared exactly, wildcards do not exist'],
    ['MTLS.openai.com', 'in lower case'],
    ['openai.com.', 'write a DNS name'],
    ['', 'write a DNS name'],
    [[], 'is an empty list'],
    [[1], 'write a DNS name'],
    [7, 'write a DNS name'],
    ['a'.repeat(254), 'write a DNS name'],
  ])('A30 refuses the name %j', (dns, advice) => {
    const options = { ...files, dns: dns as string }
    expect(() => parse(openaiConnectors(options))).toThrow(advice)
  })
})

describe('a certificate that is only observed', () => {
  const observed = openaiConnectors({ ...files, certificate: 'observe' })

  it('needs a listener that lets peers without one in', () => {
    const request = { clientCertificate: 'request' }
    expect(parse(observed, request)?.certificate).toBe('observe')
    expect(parse(openaiConnectors(files), request)).not.toHaveProperty('certificate')
    expect(() => parse(observed)).toThrow("set clientCertificate: 'request'")
    expect(() => parse(observed, { clientCertificate: 'required' })).toThrow(ConfigurationError)
  })

  it('is for the preset alone: no other authority, and no copy of it', () => {
    const request = { clientCertificate: 'request' }
    for (const entry of [{ ca: 'ca.pem', certificate: 'observe' }, { ...observed }]) {
      expect(() => parse(entry, request)).toThrow(ConfigurationError)
      expect(() => parse(entry, request)).toThrow('only an entry that openaiConnectors(')
    }
  })

  it('is nothing but that one word', () => {
    const options = { ...files, certificate: 'ignore' as 'observe' }
    expect(() => parse(openaiConnectors(options), { clientCertificate: 'request' })).toThrow(
      'must be "observe"',
    )
  })

  it('is for one authority, so that it is known whose caller a peer without certificate is', () => {
    const authorities = { a: observed, b: openaiConnectors({ ...files, certificate: 'observe' }) }
    const options = { ...server, authorities, clientCertificate: 'request' }
    expect(() => parseFileOptions(options)).toThrow('authorities.a and authorities.b both have')
  })
})

interface Material {
  readonly files: CertificateFiles
  readonly root: CertificateAuthority
  readonly intermediate: CertificateAuthority
  readonly preset: OpenaiConnectors
}

async function prepare(): Promise<Material> {
  const written = await createCertificateFiles()
  const root = await createCertificateAuthority({ name: 'stand-in root' })
  const intermediate = await root.child({ name: 'stand-in connectors' })
  const preset = openaiConnectors({
    root: await written.write('root.pem', root.certificate),
    intermediate: await written.write('intermediate.pem', intermediate.certificate),
  })
  return { files: written, root, intermediate, preset }
}

async function load({ options }: CertificateFiles, openai: OpenaiConnectors) {
  const { cert, key } = options
  const all: TlsFileOptions = { cert, key, authorities: { openai } }
  const tls = await tlsFromFiles(all)
  onTestFinished(() => tls.close())
  return tls
}

describe('the files of the preset', () => {
  it('become one authority with both certificates', async () => {
    const { files: written, preset } = await prepare()
    const tls = await load(written, preset)
    const [authority] = tls.authorities
    expect(authority?.anchors.map(({ subject }) => subject)).toEqual([
      'CN=stand-in root',
      'CN=stand-in connectors',
    ])
    expect(authority?.issuedBy?.map(({ subject }) => subject)).toEqual(['CN=stand-in connectors'])
    expect(authority).toMatchObject({ name: 'openai', challenge: 'tool-result' })
    expect(tls.options.ca).toHaveLength(2)
  })

  it('A30 that hold the intermediate alone are refused with the name of what is missing', async () => {
    const { files: written, preset, intermediate } = await prepare()
    await written.write('root.pem', intermediate.certificate)
    const loading = load(written, preset)
    await expect(loading).rejects.toThrow(TlsMaterialError)
    await expect(loading).rejects.toThrow(
      /intermediate CA without its root.*Add the certificate of CN=stand-in root/,
    )
  })

  it('A34 that would let the root sign clients itself are refused', async () => {
    const { files: written, preset, root, intermediate } = await prepare()
    await written.write('intermediate.pem', intermediate.certificate + root.certificate)
    await expect(load(written, preset)).rejects.toThrow(/CN=stand-in root is a root; the files of/)
  })

  it('A30 of another root than the intermediate has are refused', async () => {
    const { files: written, preset } = await prepare()
    await written.write('root.pem', written.ca.certificate)
    await expect(load(written, preset)).rejects.toThrow('intermediate CA without its root')
  })

  it('with an intermediate that may not sign clients are refused', async () => {
    const { files: written, preset, root } = await prepare()
    const serverOnly = { oid: '2.5.29.37', value: Buffer.from('300a06082b06010505070301', 'hex') }
    const { certificate } = await root.issue({
      usage: 'server',
      cn: 'servers',
      extensions: [
        { oid: '2.5.29.19', critical: true, value: Buffer.from('30030101ff', 'hex') },
        { oid: '2.5.29.15', critical: true, value: Buffer.from('03020204', 'hex') },
        serverOnly,
      ],
    })
    await written.write('intermediate.pem', certificate)
    await expect(load(written, preset)).rejects.toThrow('cannot be used as issuedBy')
  })

  it('are followed: a new intermediate is in force, and is a change of authorities', async () => {
    const { files: written, preset, root, intermediate } = await prepare()
    const tls = await load(written, preset)
    const next = await root.child({ name: 'stand-in connectors 2' })
    await written.write('intermediate.pem', intermediate.certificate + next.certificate)
    await tls.reload()
    expect(tls.epoch).toBe(1)
    expect(tls.authorities[0]?.issuedBy).toHaveLength(2)
    // The anchors are the same, what may have signed a client is not.
    await written.write('root.pem', root.certificate + intermediate.certificate + next.certificate)
    await written.write('intermediate.pem', next.certificate)
    await tls.reload()
    expect(tls.epoch).toBe(2)
    expect(tls.authorities[0]?.issuedBy?.map(({ subject }) => subject)).toEqual([
      'CN=stand-in connectors 2',
    ])
  })
})
