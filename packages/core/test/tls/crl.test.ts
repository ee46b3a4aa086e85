import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCertificateAuthority, createRevocationList } from '@mcp-mtls/authority'
import fc from 'fast-check'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { TlsMaterialError } from '../../src/errors.js'
import { parseCrl } from '../../src/tls/crl.js'
import { toSerial } from '../../src/tls/crl-der.js'
import { parseCrlFile } from '../../src/tls/crl-file.js'
import { isCrlSignedBy } from '../../src/tls/crl-signature.js'
import {
  buildCrl,
  type CrlAlgorithm,
  type CrlParts,
  der,
  entry,
  extension,
  foreignCrls,
  integer,
  issuingPoint,
  issuingPointWith,
  sequence,
  toCrlPem,
  uriName,
  utcTime,
} from './crl-builder.js'

let ca: Awaited<ReturnType<typeof createCertificateAuthority>>
beforeAll(async () => {
  ca = await createCertificateAuthority({ name: 'Test CA' })
})

const parse = (parts: CrlParts) => parseCrl(buildCrl(ca, parts), 'list.crl')
const noValue = Buffer.from([0x05, 0x00])

describe('parseCrl', () => {
  it('reads issuer, dates, number and serial numbers', async () => {
    const leaf = await ca.issue({ usage: 'client', cn: 'client' })
    const text = await createRevocationList(ca, {
      revoked: [leaf.certificate, '00ff'],
      thisUpdate: new Date('2026-01-02T03:04:05Z'),
      nextUpdate: new Date('2060-02-03T04:05:06Z'),
      number: 4660,
    })
    const [crl] = parseCrlFile(Buffer.from(text), 'list.pem')
    expect(crl).toMatchObject({
      place: 'list.pem',
      issuer: 'CN=Test CA',
      thisUpdate: Date.UTC(2026, 0, 2, 3, 4, 5),
      nextUpdate: Date.UTC(2060, 1, 3, 4, 5, 6),
      number: 4660n,
      revoked: new Set([toSerial(new X509Certificate(leaf.certificate).serialNumber), 'FF']),
    })
  })

  it('reads a list of a hundred thousand entries', () => {
    const entries = Array.from({ length: 100_000 }, (_, index) =>
      entry(`40${createHash('sha256').update(String(index)).digest('hex').slice(0, 30)}`),
    )
    const started = performance.now()
    expect(parse({ entries: [Buffer.concat(entries)] }).revoked.size).toBe(100_000)
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  it('takes entries with a reason, and extensions that say nothing about what is revoked', () => {
    const entries = [entry('21', extension(0x15, Buffer.from([0x0a, 1, 1])))]
    const extensions = [extension(0x14, integer('05')), extension(0x2e, noValue)]
    expect(parse({ entries, extensions })).toMatchObject({ number: 5n, revoked: new Set(['21']) })
  })

  it('A29 takes an issuing distribution point that is the full name of a place', () => {
    const extensions = [extension(0x1c, issuingPoint('http://ca.test/a', 'http://ca.test/b'), true)]
    const { scope } = parse({ extensions })
    expect([...(scope ?? [])].map((name) => String(Buffer.from(name, 'hex').subarray(2)))).toEqual([
      'http://ca.test/a',
      'http://ca.test/b',
    ])
    expect(parse({}).scope).toBeUndefined()
  })

  const flag = (tag: number, value: number) => der(tag, Buffer.from([value]))
  it.each<[string, Buffer]>([
    ['onlyContainsUserCerts', issuingPointWith(flag(0x81, 0xff))],
    ['onlyContainsCACerts', issuingPointWith(flag(0x82, 0xff))],
    ['onlySomeReasons', issuingPointWith(der(0x83, Buffer.from([6, 0x40])))],
    ['indirectCRL', issuingPointWith(flag(0x84, 0xff))],
    ['onlyContainsAttributeCerts', issuingPointWith(flag(0x85, 0xff))],
    ['a flag that is false, which DER leaves out', issuingPointWith(flag(0x81, 0))],
    ['onlyContainsUserCerts and no name', sequence(flag(0x81, 0xff))],
    ['nothing', sequence()],
    ['no name', issuingPoint()],
    ['a name relative to the issuer', sequence(der(0xa0, der(0xa1, Buffer.from('x'))))],
    ['two kinds of names', sequence(der(0xa0, der(0xa0, uriName('x')), der(0xa1)))],
    ['bytes behind', Buffer.concat([issuingPoint('http://ca.test/a'), Buffer.from([5, 0])])],
  ])('A29 refuses an issuing distribution point with %s', (_, value) => {
    for (const critical of [true, false]) {
      expect(() => parse({ extensions: [extension(0x1c, value, critical)] })).toThrow(
        'says more than the full name of a place',
      )
    }
  })

  it('A29 refuses an issuing distribution point in an entry', () => {
    const point = extension(0x1c, issuingPoint('http://ca.test/a'))
    expect(() => parse({ entries: [entry('21', point)] })).toThrow('belongs to a CRL')
  })

  it.each<[string, CrlParts, string]>([
    ['a delta CRL', { extensions: [extension(0x1b, integer('01'), true)] }, 'delta CRL'],
    ['a partial CRL', { extensions: [extension(0x1c, noValue, true)] }, 'distribution point'],
    ['a partial CRL that is not critical', { extensions: [extension(0x1c, noValue)] }, 'point'],
    ['an indirect entry', { entries: [entry('21', extension(0x1d, noValue, true))] }, 'indirect'],
    ['an unknown critical extension', { extensions: [extension(0x63, noValue, true)] }, 'critical'],
    ['one in an entry', { entries: [entry('21', extension(0x63, noValue, true))] }, 'critical'],
    [
      'an extension twice',
      { extensions: [extension(0x63, noValue), extension(0x63, noValue)] },
      'twice',
    ],
    ['another version', { version: integer('02') }, 'unknown version'],
    [
      'a version 1 with extensions',
      { version: Buffer.alloc(0), extensions: [extension(0x63, noValue)] },
      'version 2',
    ],
    ['no nextUpdate', { nextUpdate: Buffer.alloc(0) }, 'no nextUpdate'],
    ['a nextUpdate before it began', { nextUpdate: utcTime(Date.UTC(2001, 0, 1)) }, 'not after'],
    ['a day in no calendar', { thisUpdate: der(0x17, Buffer.from('250231000000Z')) }, 'no time'],
    ['a time with a zone', { thisUpdate: der(0x17, Buffer.from('250201000000+0100')) }, 'a time'],
    ['a negative serial number', { entries: [entry('80')] }, 'negative'],
    ['a serial number with idle zeros', { entries: [entry('0021')] }, 'not DER'],
    ['an entry that is no sequence', { entries: [integer('21')] }, 'entry'],
    [
      'an entry with more than there is',
      { entries: [sequence(integer('21'), utcTime(0), integer('21'))] },
      'not as it should be',
    ],
    ['an entry without a date', { entries: [sequence(integer('21'))] }, 'serial number and a time'],
    [
      'an entry with a date of letters',
      { entries: [sequence(integer('21'), der(0x17, Buffer.from('25O201000000Z')))] },
      'serial number and a time',
    ],
    ['another element at the end', { trailer: integer('21') }, 'more'],
    ['two algorithms', { inner: 'rsa' }, 'two signature algorithms'],
    ['SHA-1', { algorithm: 'ecSha1' }, 'is not accepted'],
  ])('A29 refuses %s', (_, parts, problem) => {
    expect(() => parse(parts)).toThrow(TlsMaterialError)
    expect(() => parse(parts)).toThrow(problem)
  })

  it('A02 refuses BER: an indefinite length, an idle length byte, bytes behind', () => {
    const good = buildCrl(ca, { entries: [entry('21')] })
    const indefinite = Buffer.concat([Buffer.from([0x30, 0x80]), good.subarray(3), Buffer.alloc(2)])
    const longer = Buffer.concat([Buffer.from([0x30, 0x82, 0x00]), good.subarray(2)])
    for (const bytes of [indefinite, longer, Buffer.concat([good, noValue])]) {
      expect(() => parseCrl(bytes, 'list.crl')).toThrow(TlsMaterialError)
    }
  })

  it('lets no byte be changed: the list is refused, or its signature is', () => {
    const good = buildCrl(ca, { entries: [entry('21')] })
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
        const bytes = Buffer.from(good)
        bytes[index] = (bytes[index] ?? 0) ^ flip
        try {
          const crl = parseCrl(bytes, 'list.crl')
          return !isCrlSignedBy(crl, new X509Certificate(ca.certificate))
        } catch (error) {
          return error instanceof TlsMaterialError
        }
      }),
      { numRuns: 400 },
    )
  })
})

describe('isCrlSignedBy', () => {
  const openssl = (args: readonly string[], cwd: string) =>
    execFileSync('openssl', args, { cwd, stdio: ['ignore', 'pipe', 'ignore'] })
  const hasOpenssl = spawnSync('openssl', ['version']).status === 0

  it.skipIf(!hasOpenssl).each<[CrlAlgorithm, string[]]>([
    ['rsa', ['-newkey', 'rsa:2048']],
    ['pss', ['-newkey', 'rsa:2048']],
    ['ed25519', ['-newkey', 'ed25519']],
  ])('verifies a signature by %s, and refuses it over other bytes', (algorithm, newKey) => {
    const directory = mkdtempSync(join(tmpdir(), 'mcp-mtls-crl-'))
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
    const subject = ['-subj', '/CN=Test CA', '-nodes', '-keyout', 'key.pem', '-out', 'ca.pem']
    openssl(['req', '-x509', ...newKey, ...subject], directory)
    const files = {
      certificate: openssl(['x509', '-in', 'ca.pem'], directory).toString(),
      key: openssl(['pkey', '-in', 'key.pem'], directory).toString(),
    }
    const issuer = new X509Certificate(files.certificate)
    const bytes = buildCrl(files, { algorithm, entries: [entry('21')] })
    expect(isCrlSignedBy(parseCrl(bytes, 'list.crl'), issuer)).toBe(true)
    bytes.writeUInt8(0x22, bytes.indexOf(Buffer.from([0x02, 0x01, 0x21])) + 2)
    expect(isCrlSignedBy(parseCrl(bytes, 'list.crl'), issuer)).toBe(false)
    expect(isCrlSignedBy(parse({ entries: [entry('21')] }), issuer)).toBe(false)
  })

  it('refuses one of a CA of the same name with another key', async () => {
    const forger = await createCertificateAuthority({ name: 'Test CA' })
    const crl = parseCrl(buildCrl(forger), 'list.crl')
    expect(isCrlSignedBy(crl, new X509Certificate(ca.certificate))).toBe(false)
    expect(isCrlSignedBy(crl, new X509Certificate(forger.certificate))).toBe(true)
  })

  it('refuses one of a CA whose key usage is not for CRLs', async () => {
    const usage = { oid: '2.5.29.15', critical: true, value: Buffer.from([3, 2, 2, 4]) }
    const issued = await ca.issue({ usage: 'client', cn: 'no crls', extensions: [usage] })
    const crl = parseCrl(buildCrl(issued), 'list.crl')
    expect(isCrlSignedBy(crl, new X509Certificate(issued.certificate))).toBe(false)
  })
})

describe('parseCrlFile', () => {
  const read = (content: Buffer | string) => parseCrlFile(Buffer.from(content), 'list.crl')

  it('A29 reads every block of a PEM file, not only the first', () => {
    const blocks = ['21', '22', '23'].map((serial) =>
      toCrlPem(buildCrl(ca, { entries: [entry(serial)] })),
    )
    const crls = read(`explained\n${blocks.join('\n')}`)
    expect(crls.map(({ revoked }) => [...revoked])).toEqual([['21'], ['22'], ['23']])
    expect(crls[1]?.place).toBe('list.crl: block 2')
  })

  it('A29 reads DER, also one list behind the other', () => {
    const lists = ['21', '22'].map((serial) => buildCrl(ca, { entries: [entry(serial)] }))
    expect(read(Buffer.concat(lists)).map(({ revoked }) => [...revoked])).toEqual([['21'], ['22']])
  })

  it.each<[string, () => Buffer | string, string]>([
    ['an empty file', () => '', 'the file is empty'],
    ['a file of white space', () => '\n \n', 'the file is empty'],
    ['PEM that is cut off', () => toCrlPem(buildCrl(ca)).slice(0, -30), 'cut off'],
    ['DER that is cut off', () => buildCrl(ca).subarray(0, -1), 'cut off'],
    ['DER with bytes behind', () => Buffer.concat([buildCrl(ca), Buffer.from([1])]), 'cut off'],
    ['a certificate', () => ca.certificate, 'X509 CRL blocks only'],
    [
      'a block that is not base64',
      () => toCrlPem(buildCrl(ca)).replace('\nM', '\n*M'),
      'not base64',
    ],
    ['no list at all', () => 'nobody is revoked', 'no PEM block'],
  ])('A29 refuses %s', (_, content, problem) => {
    expect(() => read(content())).toThrow(TlsMaterialError)
    expect(() => read(content())).toThrow(problem)
  })

  it('A24 takes 64 lists, and refuses more before it parses one, as PEM and as DER', () => {
    const lists = [...foreignCrls(65)]
    expect(read(Buffer.concat(lists.slice(1)))).toHaveLength(64)
    expect(read(lists.slice(1).map(toCrlPem).join(''))).toHaveLength(64)
    const broken = [...lists.slice(1), sequence(Buffer.alloc(200))]
    for (const content of [Buffer.concat(broken), broken.map(toCrlPem).join('')]) {
      expect(() => read(content)).toThrow('list.crl: more than 64 CRLs in one place')
    }
  })

  it('A24 gives up on a flood of lines', () => {
    const started = performance.now()
    expect(() => read(Buffer.alloc(16 * 1024 * 1024, '\n'))).toThrow('lines')
    expect(performance.now() - started).toBeLessThan(1_000)
  })

  it('refuses a file larger than 16 MiB', () => {
    expect(() => read(Buffer.alloc(16 * 1024 * 1024 + 1, ' '))).toThrow('larger than')
  })
})
