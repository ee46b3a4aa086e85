import { describe, expect, it } from 'vitest'
import { closestName } from '../../src/closest-name.js'
import { ConfigurationError } from '../../src/errors.js'
import type { TlsFileOptions } from '../../src/tls/file-options.js'
import { parseFileOptions } from '../../src/tls/parse-file-options.js'

const files = { cert: 'server.crt', key: 'server.key', ca: 'ca.crt' }
const { cert, key } = files

describe('options of tlsFromFiles', () => {
  it('become paths, frozen, with TLS 1.3 as the lowest version', () => {
    const settings = parseFileOptions({ ...files, cert: new URL('file:///etc/server.crt') })
    expect(settings).toEqual({
      own: { cert: '/etc/server.crt', key: 'server.key', passphrase: undefined },
      minVersion: 'TLSv1.3',
      clientCertificate: 'required',
      authorities: [{ name: 'default', ca: ['ca.crt'], crl: [], trustDomains: [] }],
      denyList: undefined,
      onStaleCrl: 'deny',
      expiryLeads: [{ share: 0.5 }, { time: 86_400_000 }],
    })
    expect(Object.isFrozen(settings)).toBe(true)
  })

  it('tell apart where CRLs are, and when notice is given', () => {
    const settings = parseFileOptions({
      ...files,
      ca: ['root.crt', 'issuing.crt'],
      crl: ['ca.crl', new URL('http://ca.test/ca.crl')],
      denyList: 'deny.txt',
      onStaleCrl: 'keep',
      expiryWarnings: ['10%', '7d', '30m'],
    })
    expect(settings).toMatchObject({
      authorities: [
        {
          ca: ['root.crt', 'issuing.crt'],
          crl: [{ file: 'ca.crl' }, { url: new URL('http://ca.test/ca.crl') }],
        },
      ],
      denyList: 'deny.txt',
      onStaleCrl: 'keep',
      expiryLeads: [{ share: 0.1 }, { time: 604_800_000 }, { time: 1_800_000 }],
    })
    const passphrase = () => 'secret'
    expect(parseFileOptions({ ...files, passphrase }).own.passphrase).toBe(passphrase)
    const pfx = new URL('file:///etc/server.p12')
    expect(parseFileOptions({ pfx, passphrase, ca: 'ca.crt' }).own).toEqual({
      pfx: '/etc/server.p12',
      passphrase,
    })
  })

  const known =
    'Known: cert, key, pfx, ca, authorities, passphrase, minVersion, clientCertificate, crl, denyList, onStaleCrl, expiryWarnings.'
  it.each<[unknown, string]>([
    [undefined, '"options" must be an object.'],
    ['server.crt', '"options" must be an object.'],
    [[files], '"options" must be an object.'],
    [{ ...files, certfile: 'x' }, `unknown option "certfile". Did you mean "cert"? ${known}`],
    [
      { ...files, minversion: 'x' },
      `unknown option "minversion". Did you mean "minVersion"? ${known}`,
    ],
    [
      { ...files, pasphrase: 'x' },
      `unknown option "pasphrase". Did you mean "passphrase"? ${known}`,
    ],
    [{ ...files, crl: [] }, '"crl" is an empty list; leave it out where there are no CRLs.'],
    [
      { cert, key, crl: 'x', authorities: { a: { ca: 'x' } } },
      '"crl" belongs to an authority: authorities: { NAME: { ca, crl } }.',
    ],
    [{ ...files, denyList: 7 }, '"denyList" must be a path or a file: URL.'],
    [{ ...files, onStaleCrl: 'warn' }, '"onStaleCrl" must be "deny" or "keep", not "warn".'],
    [{ ...files, expiryWarnings: '24h' }, '"expiryWarnings" must be a list, as in ["50%", "24h"].'],
    ...['100%', '0h', '1w', 24, '-1h', '1.5h'].map((lead): [unknown, string] => [
      { ...files, expiryWarnings: ['50%', lead] },
      `"expiryWarnings" holds ${JSON.stringify(lead)}; write a share of the life, as in "50%", or a time in days, hours or minutes, as in "7d", "24h", "30m".`,
    ]),
    [
      { ...files, clientCertificate: 'none' },
      '"clientCertificate" must be "required" or "request", not "none". To ask for none is no mutual TLS.',
    ],
    ...[
      { cert, key, ca: 'x' },
      { cert, ca: 'x' },
      { key, ca: 'x' },
    ].map((options): [unknown, string] => [
      { ...options, pfx: 'server.p12', passphrase: 'x' },
      '"pfx" holds certificate and key; leave out "cert" and "key".',
    ]),
    [{ ca: 'x', pfx: 'server.p12' }, '"pfx" needs "passphrase".'],
    [{ ca: 'x', pfx: 7, passphrase: 'x' }, '"pfx" must be a path or a file: URL.'],
    [
      { ...files, rejectUnauthorized: true },
      `option "rejectUnauthorized" does not exist: client certificates are always requested, and verified in the handshake; clientCertificate: 'request' admits clients without one.`,
    ],
    [
      { ...files, ticketKeys: 'x' },
      'option "ticketKeys" does not exist: fixed ticket keys let a session outlive the CA that vouched for it, leave it out.',
    ],
    [{ key, ca: 'x' }, '"cert" is missing: the path of a PEM file.'],
    [{ ...files, key: 7 }, '"key" must be a path or a file: URL.'],
    [{ ...files, key: '' }, '"key" must be a path or a file: URL.'],
    [{ ...files, key: Buffer.from('x') }, '"key" must be a path or a file: URL.'],
    [
      { ...files, key: '-----BEGIN PRIVATE KEY-----' },
      '"key" holds PEM text; write the path of the file instead.',
    ],
    [{ ...files, key: 'a\0b' }, '"key" holds a NUL character.'],
    [
      { ...files, ca: new URL('https://a.test/ca.crt') },
      '"ca" is the URL https://a.test/ca.crt, which names no local file.',
    ],
    [{ ...files, ca: ['a', 7] }, '"ca[1]" must be a path or a file: URL.'],
    [{ ...files, ca: [] }, '"ca" is an empty list; no client could connect.'],
    [
      { cert, key },
      '"ca" is missing: the PEM file with the CA certificates that vouch for clients.',
    ],
    [
      { ...files, authorities: {} },
      '"ca" and "authorities" are both given; "ca" is short for one authority "default".',
    ],
    [{ cert, key, authorities: {} }, '"authorities" is empty; no client could connect.'],
    [{ cert, key, authorities: [] }, '"authorities" must be an object.'],
    [
      { cert, key, authorities: { 'A b': { ca: 'x' } } },
      'authority name "A b" may only hold a-z, 0-9 and "-".',
    ],
    [{ cert, key, authorities: { a: 'x' } }, '"authorities.a" must be an object.'],
    [
      { cert, key, authorities: { a: {} } },
      '"authorities.a.ca" is missing: the path of a PEM file.',
    ],
    [
      { cert, key, authorities: { a: { ca: [] } } },
      '"authorities.a.ca" is an empty list; no client could connect.',
    ],
    [
      { cert, key, authorities: { a: { ca: ['x', 7] } } },
      '"authorities.a.ca[1]" must be a path or a file: URL.',
    ],
    [
      { cert, key, authorities: { a: { ca: 'x', crls: 'x' } } },
      'unknown key of authorities.a "crls". Did you mean "crl"? Known: ca, crl, trustDomains, issuedBy, dns, challenge.',
    ],
    [
      { cert, key, authorities: { a: { ca: 'x', trustDomains: [] } } },
      '"authorities.a.trustDomains" must be a list with at least one trust domain; else leave it out.',
    ],
    [
      { cert, key, authorities: { a: { ca: 'x', trustDomains: ['spiffe://a.test'] } } },
      '"authorities.a.trustDomains" holds "spiffe://a.test"; write the bare name, as in "acme.test".',
    ],
    [
      { cert, key, authorities: { a: { ca: 'x', trustDomains: [7] } } },
      '"authorities.a.trustDomains" holds 7; write the bare name, as in "acme.test".',
    ],
    ...['', 7, null].map((passphrase): [unknown, string] => [
      { ...files, passphrase },
      '"passphrase" must be text that is not empty, or a function that answers it.',
    ]),
    [
      { ...files, minVersion: 'TLSv1.1' },
      '"minVersion" must be "TLSv1.3" or "TLSv1.2", not "TLSv1.1".',
    ],
  ])('A27 %j is refused with advice', (options, advice) => {
    expect(() => parseFileOptions(options)).toThrow(
      new ConfigurationError(`tlsFromFiles: ${advice}`),
    )
  })

  it('do not compile with both ca and authorities, or neither', () => {
    const takeOptions = (options: TlsFileOptions): string => String(options.cert)
    // @ts-expect-error both
    takeOptions({ ...files, authorities: { a: { ca: 'x' } } })
    // @ts-expect-error neither
    takeOptions({ cert, key })
    // @ts-expect-error pfx beside cert and key
    takeOptions({ ...files, pfx: 'server.p12', passphrase: 'x' })
    // @ts-expect-error pfx without passphrase
    takeOptions({ ca: 'x', pfx: 'server.p12' })
    expect(takeOptions({ ca: 'x', pfx: 'server.p12', passphrase: 'x' })).toBe('undefined')
    expect(takeOptions(files)).toBe(cert)
  })
})

it.each([
  ['certfile', 'cert'],
  ['CERT', 'cert'],
  ['cafile', 'ca'],
  ['kye', undefined],
  ['keys', 'key'],
  ['authorites', 'authorities'],
  ['zzz', undefined],
])('%s is close to %s', (name, expected) => {
  expect(closestName(name, ['cert', 'key', 'ca', 'authorities'])).toBe(expected)
})
