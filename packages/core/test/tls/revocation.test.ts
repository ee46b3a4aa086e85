import { execFileSync, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type CertificateAuthority,
  createCertificateAuthority,
  createRevocationList,
  type RevocationListRequest,
} from '@mcp-mtls/authority'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CertificateError, TlsMaterialError } from '../../src/errors.js'
import type { Crl } from '../../src/tls/crl.js'
import { checkCrlSource, checkCrls, type OnStaleCrl } from '../../src/tls/crl-coverage.js'
import { parseCrlFile } from '../../src/tls/crl-file.js'
import { toOpensslCrls } from '../../src/tls/crl-openssl.js'
import { parseDenyList } from '../../src/tls/deny-list.js'
import { createRevocation } from '../../src/tls/revocation.js'
import type { NamedAuthority } from '../../src/tls/tls-material.js'
import { der, distributionPoints, issuingPoint, placeOf, sequence, uriName } from './crl-builder.js'

const day = 86_400_000
const now = Date.now()

function authorityOf(...cas: readonly CertificateAuthority[]): NamedAuthority {
  const anchors = cas.map((ca) => new X509Certificate(ca.certificate))
  return { name: 'default', anchors, trustDomains: [], origin: 'ca.crt' }
}

async function crlOf(ca: CertificateAuthority, request?: RevocationListRequest): Promise<Crl> {
  const [crl] = parseCrlFile(Buffer.from(await createRevocationList(ca, request)), 'list.crl')
  return crl as Crl
}

async function leafOf(ca: CertificateAuthority, uri = 'spiffe://acme.test/reader') {
  const { certificate } = await ca.issue({ usage: 'client', cn: 'client', uri: [uri] })
  return new X509Certificate(certificate)
}

function check(authority: NamedAuthority, crls: readonly Crl[], onStaleCrl: OnStaleCrl = 'deny') {
  return checkCrls({ authority, crls, onStaleCrl, now })
}

/** What becomes of a leaf: until when it is good, or the reason why it is refused. */
function verdict(attempt: () => number): number | string {
  try {
    return attempt()
  } catch (error) {
    if (error instanceof CertificateError) return error.reason
    throw error
  }
}

function judge(
  leaf: X509Certificate,
  authority: NamedAuthority,
  {
    crls,
    onStaleCrl = 'deny',
    at = now,
  }: { crls: readonly Crl[]; onStaleCrl?: OnStaleCrl; at?: number },
): number | string {
  const { coverage } = check(authority, crls, onStaleCrl)
  const revocation = createRevocation({ authorities: [{ ...authority, coverage }], onStaleCrl })
  return verdict(() => revocation.verify([leaf], at))
}

const hasOpenssl = spawnSync('openssl', ['version']).status === 0

/** Another self-signed certificate of the same CA: same name, same key. */
function renew(key: string, name: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'mcp-mtls-ca-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'ca.key')
  writeFileSync(file, key, { mode: 0o600 })
  const extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign']
  const args = ['req', '-x509', '-new', '-key', file, '-subj', `/CN=${name}`, '-days', '9']
  return execFileSync('openssl', [...args, ...extensions.flatMap((one) => ['-addext', one])], {
    encoding: 'utf8',
  })
}

const past = { thisUpdate: new Date(now - 3 * day), nextUpdate: new Date(now - day) }

const [here, there] = ['http://ca.test/here.crl', 'http://ca.test/there.crl']
const pointId = '2.5.29.31'

describe('A29 a CRL of one distribution point', () => {
  const scoped = (ca: CertificateAuthority, request: RevocationListRequest = {}) => {
    const value = issuingPoint(here)
    const extensions = [{ oid: '2.5.29.28', critical: true, value }]
    return crlOf(ca, { ...request, extensions })
  }
  async function leafWith(ca: CertificateAuthority, ...values: readonly Uint8Array[]) {
    const extensions = values.map((value) => ({ oid: pointId, value }))
    const { certificate } = await ca.issue({ usage: 'client', cn: 'client', extensions })
    return new X509Certificate(certificate)
  }
  /** A root whose own list is complete, and a CA below it, whose list is of the point `here`. */
  async function start(request?: (leaf: X509Certificate) => RevocationListRequest) {
    const root = await createCertificateAuthority({ name: 'Root' })
    const ca = await root.child({ name: 'Step' })
    const leaf = await leafWith(ca, distributionPoints(there, here))
    const crls = [await crlOf(root), await scoped(ca, request?.(leaf))]
    return { root, ca, leaf, crls, authority: authorityOf(root, ca) }
  }
  const [reasons, issuer] = [der(0x81, Buffer.from([6, 0x40])), der(0xa2, uriName('x'))]

  it('speaks for a certificate that names the point', async () => {
    const { leaf, crls, authority } = await start()
    const until = Math.min(...crls.map(({ nextUpdate }) => nextUpdate))
    expect(judge(leaf, authority, { crls })).toBe(until)
    expect(judge(leaf, authority, { crls, at: now + 40 * day })).toBe('revocation-unknown')
  })

  it('refuses a certificate that names the point and is listed', async () => {
    const { leaf, crls, authority } = await start((one) => ({ revoked: [one.toString()] }))
    expect(judge(leaf, authority, { crls })).toBe('revoked')
  })

  it.each<[string, readonly Uint8Array[]]>([
    ['without distribution points', []],
    ['that names another point', [distributionPoints(there)]],
    ['that names it in other letters', [distributionPoints(here.toUpperCase())]],
    ['that names it for some reasons only', [sequence(sequence(placeOf(here), reasons))]],
    ['that names it under another issuer', [sequence(sequence(placeOf(here), issuer))]],
    ['with an issuer in place of a point', [sequence(sequence(issuer))]],
    ['with a name relative to the issuer', [sequence(sequence(der(0xa0, der(0xa1))))]],
    ['with points that cannot be read', [Buffer.from([0x30, 0x80])]],
    ['with a point that is no sequence', [sequence(placeOf(here))]],
    ['with the extension twice', [distributionPoints(here), distributionPoints(here)]],
  ])('says nothing of a certificate %s', async (_, values) => {
    const { ca, crls, authority } = await start()
    const leaf = await leafWith(ca, ...values)
    expect(judge(leaf, authority, { crls })).toBe('revocation-unknown')
    expect(judge(leaf, authority, { crls, onStaleCrl: 'keep' })).toBe('revocation-unknown')
  })

  it('leaves a certificate out of its scope to a complete CRL of the same CA', async () => {
    const { ca, crls, authority } = await start()
    const leaf = await leafWith(ca)
    const complete = await crlOf(ca)
    const until = Math.min(complete.nextUpdate, crls[0]?.nextUpdate ?? 0)
    expect(judge(leaf, authority, { crls: [...crls, complete] })).toBe(until)
    const listing = await crlOf(ca, { revoked: [leaf.toString()] })
    expect(judge(leaf, authority, { crls: [...crls, listing] })).toBe('revoked')
  })

  it('and a complete one must both let a certificate pass, whichever is newer', async () => {
    const { ca, leaf, crls, authority } = await start()
    for (const thisUpdate of [new Date(now - 2 * day), new Date(now - 60_000)]) {
      const listing = await crlOf(ca, { thisUpdate, revoked: [leaf.toString()] })
      expect(judge(leaf, authority, { crls: [...crls, listing] })).toBe('revoked')
      expect(judge(leaf, authority, { crls: [listing, ...crls] })).toBe('revoked')
    }
    const stale = await crlOf(ca, past)
    expect(judge(leaf, authority, { crls: [...crls, stale] })).toBe('revocation-unknown')
  })

  it('revokes what it lists, in its scope or not', async () => {
    const { ca, root, authority } = await start()
    const leaf = await leafWith(ca)
    const list = await scoped(ca, { revoked: [leaf.toString()] })
    const crls = [await crlOf(root), await crlOf(ca), list]
    expect(judge(leaf, authority, { crls })).toBe('revoked')
  })

  it('says nothing of a root that does not name the point', async () => {
    const root = await createCertificateAuthority({ name: 'Root' })
    const leaf = await leafWith(root, distributionPoints(here))
    const crls = [await scoped(root)]
    expect(judge(leaf, authorityOf(root), { crls })).toBe('revocation-unknown')
  })

  it.skipIf(!hasOpenssl)('is judged as OpenSSL judges it, or stricter', async () => {
    const { root, ca, crls } = await start()
    const directory = mkdtempSync(join(tmpdir(), 'mcp-mtls-crl-'))
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
    const write = (name: string, text: string) => writeFileSync(join(directory, name), text)
    write('ca.pem', `${root.certificate}${ca.certificate}`)
    write(
      'crls.pem',
      (toOpensslCrls([check(authorityOf(root, ca), crls).coverage], 'deny') ?? []).join(''),
    )
    const opinionOf = (leaf: X509Certificate): boolean => {
      write('leaf.pem', leaf.toString())
      const args = [
        'verify',
        '-crl_check_all',
        '-CRLfile',
        'crls.pem',
        '-CAfile',
        'ca.pem',
        'leaf.pem',
      ]
      return spawnSync('openssl', args, { cwd: directory }).status === 0
    }
    const values = [
      [distributionPoints(here)],
      [distributionPoints(there)],
      [],
      [sequence(sequence(placeOf(here), reasons))],
    ]
    const opinions: (readonly [boolean, boolean])[] = []
    for (const value of values) {
      const leaf = await leafWith(ca, ...value)
      const ours = typeof judge(leaf, authorityOf(root, ca), { crls }) === 'number'
      opinions.push([opinionOf(leaf), ours])
    }
    expect(opinions).toEqual([
      [true, true],
      [false, false],
      [false, false],
      [false, false],
    ])
  })
})

describe('CRLs of one CA', () => {
  it('A29 let a certificate pass that no CRL lists, until the next update', async () => {
    const ca = await createCertificateAuthority()
    const crl = await crlOf(ca, { revoked: ['41'] })
    expect(judge(await leafOf(ca), authorityOf(ca), { crls: [crl] })).toBe(crl.nextUpdate)
  })

  it('A29 refuse a certificate that the CRL lists', async () => {
    const ca = await createCertificateAuthority()
    const leaf = await leafOf(ca)
    const crl = await crlOf(ca, { revoked: [leaf.toString()] })
    expect(judge(leaf, authorityOf(ca), { crls: [crl] })).toBe('revoked')
  })

  it('A29 the newest speaks, in whichever order they stand', async () => {
    const ca = await createCertificateAuthority()
    const leaf = await leafOf(ca)
    const old = await crlOf(ca, { thisUpdate: new Date(now - 2 * day) })
    const fresh = await crlOf(ca, { revoked: [leaf.toString()] })
    for (const crls of [
      [old, fresh],
      [fresh, old],
    ]) {
      expect(judge(leaf, authorityOf(ca), { crls })).toBe('revoked')
    }
  })

  it('A29 an expired one that lists the certificate yields to a fresh one that does not', async () => {
    const ca = await createCertificateAuthority()
    const leaf = await leafOf(ca)
    const expired = await crlOf(ca, { ...past, revoked: [leaf.toString()] })
    const fresh = await crlOf(ca)
    for (const crls of [
      [expired, fresh],
      [fresh, expired],
    ]) {
      expect(judge(leaf, authorityOf(ca), { crls })).toBe(fresh.nextUpdate)
    }
  })

  it('A29 of two with the same date the higher number speaks, and two with the same number are an error', async () => {
    const ca = await createCertificateAuthority()
    const leaf = await leafOf(ca)
    const thisUpdate = new Date(now - day)
    const first = await crlOf(ca, { thisUpdate, number: 1 })
    const second = await crlOf(ca, { thisUpdate, number: 2, revoked: [leaf.toString()] })
    const rival = await crlOf(ca, { thisUpdate, number: 2 })
    for (const crls of [
      [first, second],
      [second, first],
      [second, second],
    ]) {
      expect(judge(leaf, authorityOf(ca), { crls })).toBe('revoked')
    }
    expect(() => check(authorityOf(ca), [second, rival])).toThrow('same date and number')
  })

  it('A29 a stale CRL is a warning, and refuses every client unless it is to be kept', async () => {
    const ca = await createCertificateAuthority()
    const authority = authorityOf(ca)
    const leaf = await leafOf(ca)
    const crls = [await crlOf(ca, past)]
    expect(check(authority, crls).warnings).toEqual([
      expect.stringMatching(/^list\.crl: the CRL of CN=mcp-mtls CA is stale since .* are refused/),
    ])
    expect(check(authority, crls, 'keep').warnings).toEqual([
      expect.stringMatching(/it is used all the same\.$/),
    ])
    expect(judge(leaf, authority, { crls })).toBe('revocation-unknown')
    expect(judge(leaf, authority, { crls, onStaleCrl: 'keep' })).toBe(Number.POSITIVE_INFINITY)
    const listing = [await crlOf(ca, { ...past, revoked: [leaf.toString()] })]
    expect(judge(leaf, authority, { crls: listing })).toBe('revoked')
    expect(judge(leaf, authority, { crls: listing, onStaleCrl: 'keep' })).toBe('revoked')
  })

  it('A29 becomes stale at its next update, not a moment later; a broken clock is refused', async () => {
    const ca = await createCertificateAuthority()
    const crl = await crlOf(ca)
    const at = (time: number) => ({ crls: [crl], at: time })
    const leaf = await leafOf(ca)
    expect(judge(leaf, authorityOf(ca), at(crl.nextUpdate - 1))).toBe(crl.nextUpdate)
    expect(judge(leaf, authorityOf(ca), at(crl.nextUpdate))).toBe('revocation-unknown')
    expect(judge(leaf, authorityOf(ca), at(crl.thisUpdate - 1))).toBe('revocation-unknown')
    expect(judge(leaf, authorityOf(ca), at(Number.NaN))).toBe('revocation-unknown')
  })

  it('A29 one of the future stops the load', async () => {
    const ca = await createCertificateAuthority()
    const crl = await crlOf(ca, { thisUpdate: new Date(now + day) })
    expect(() => check(authorityOf(ca), [crl])).toThrow(/is not valid before .*; check the clock/)
  })

  it('A29 a forged one stops the load: the name of the CA, signed by another key', async () => {
    const ca = await createCertificateAuthority({ name: 'Twin' })
    const forger = await createCertificateAuthority({ name: 'Twin' })
    const crls = [await crlOf(ca), await crlOf(forger)]
    expect(() => check(authorityOf(ca), crls)).toThrow(TlsMaterialError)
    expect(() => check(authorityOf(ca), crls)).toThrow('bears the name of CN=Twin, but no CA')
  })

  it('A29 one of another CA is of no use, and no substitute', async () => {
    const ca = await createCertificateAuthority({ name: 'Own' })
    const other = await crlOf(await createCertificateAuthority({ name: 'Other' }))
    const own = await crlOf(ca)
    expect(check(authorityOf(ca), [own, other]).warnings).toEqual([
      'list.crl: the CRL of CN=Other is of no use: authority "default" (ca.crt) has no such CA.',
    ])
    expect(() => check(authorityOf(ca), [other])).toThrow('there is no CRL of CN=Own')
    expect(() => checkCrlSource([other], { authority: authorityOf(ca), now })).toThrow('no CA of')
    expect(() => checkCrlSource([], { authority: authorityOf(ca), now })).toThrow('no CA of')
    expect(checkCrlSource([own, other], { authority: authorityOf(ca), now })).toBeUndefined()
  })

  it('A29 an empty list of CRLs is no coverage', async () => {
    const ca = await createCertificateAuthority()
    expect(() => check(authorityOf(ca), [])).toThrow(
      'every CA certificate of the authority needs one',
    )
  })
})

describe('CRLs of a hierarchy', () => {
  async function createHierarchy() {
    const root = await createCertificateAuthority({ name: 'Root' })
    const intermediate = await root.child({ name: 'Intermediate' })
    return { root, intermediate, leaf: await leafOf(intermediate) }
  }

  it('A29 needs a CRL of root and intermediate', async () => {
    const { root, intermediate, leaf } = await createHierarchy()
    const authority = authorityOf(root, intermediate)
    const crls = [await crlOf(root), await crlOf(intermediate)]
    expect(judge(leaf, authority, { crls })).toBe(Math.min(...crls.map((crl) => crl.nextUpdate)))
    expect(() => check(authority, crls.slice(0, 1))).toThrow('no CRL of CN=Intermediate')
    expect(() => check(authority, crls.slice(1))).toThrow('no CRL of CN=Root')
  })

  it('A29 refuses a client of an intermediate that the root has revoked', async () => {
    const { root, intermediate, leaf } = await createHierarchy()
    const revoking = await crlOf(root, { revoked: [intermediate.certificate] })
    const crls = [revoking, await crlOf(intermediate)]
    expect(judge(leaf, authorityOf(root, intermediate), { crls })).toBe('revoked')
  })

  it('A29 refuses a client of an intermediate that only the client has, which has no CRL here', async () => {
    const { root, intermediate, leaf } = await createHierarchy()
    const authority = authorityOf(root)
    const { coverage } = check(authority, [await crlOf(root)])
    const revocation = createRevocation({
      authorities: [{ ...authority, coverage }],
      onStaleCrl: 'deny',
    })
    const sent = [leaf, new X509Certificate(intermediate.certificate)]
    expect(verdict(() => revocation.verify(sent, now))).toBe('revocation-unknown')
    expect(verdict(() => revocation.verify([leaf], now))).toBe('revocation-unknown')
  })

  it('A29 the end of the earliest CRL on the path counts', async () => {
    const { root, intermediate, leaf } = await createHierarchy()
    const soon = await crlOf(root, { nextUpdate: new Date(now + 5_000) })
    const crls = [soon, await crlOf(intermediate)]
    const authority = authorityOf(root, intermediate)
    expect(judge(leaf, authority, { crls })).toBe(soon.nextUpdate)
    expect(judge(leaf, authority, { crls, at: now + 6_000 })).toBe('revocation-unknown')
  })

  it('A29 a stale CRL of one root refuses the clients of that root alone', async () => {
    const root = await createCertificateAuthority({ name: 'Root' })
    const leaving = await createCertificateAuthority({ name: 'Leaving root' })
    const leaf = await leafOf(root)
    const authority = authorityOf(leaving, root)
    const crls = [await crlOf(leaving, past), await crlOf(root)]
    expect(judge(leaf, authority, { crls })).toBe(crls[1]?.nextUpdate)
    expect(judge(await leafOf(leaving), authority, { crls })).toBe('revocation-unknown')
  })

  it('A29 a CA made anew under its old name has CRLs of its own key', async () => {
    const before = await createCertificateAuthority({ name: 'Same' })
    const after = await createCertificateAuthority({ name: 'Same' })
    const [old, fresh] = [await leafOf(before), await leafOf(after)]
    const authority = authorityOf(before, after)
    const crls = [await crlOf(before, { revoked: [old.toString()] }), await crlOf(after)]
    expect(judge(old, authority, { crls })).toBe('revoked')
    expect(judge(fresh, authority, { crls })).toBe(crls[1]?.nextUpdate)
    expect(() => check(authority, crls.slice(1))).toThrow('there is no CRL of CN=Same')
  })

  it.skipIf(!hasOpenssl)(
    'takes the certificate of a CA that is not revoked where it has two',
    async () => {
      const ca = await createCertificateAuthority({ name: 'Renewed' })
      const renewed = { ...ca, certificate: renew(ca.key, 'Renewed') }
      const authority = authorityOf(ca, renewed)
      const leaf = await leafOf(ca)
      const one = await crlOf(ca, { revoked: [ca.certificate] })
      expect(judge(leaf, authority, { crls: [one] })).toBe(one.nextUpdate)
      const both = await crlOf(ca, { revoked: [ca.certificate, renewed.certificate] })
      expect(judge(leaf, authority, { crls: [both] })).toBe('revoked')
    },
  )

  it('wants no CRL of a CA of the future', async () => {
    const ca = await createCertificateAuthority({ name: 'Now' })
    const next = await createCertificateAuthority({ name: 'Next', notBefore: new Date(now + day) })
    expect(check(authorityOf(ca, next), [await crlOf(ca)]).warnings).toEqual([])
    const leaf = await leafOf(next)
    expect(judge(leaf, authorityOf(ca, next), { crls: [await crlOf(ca)] })).toBe(
      'revocation-unknown',
    )
  })
})

describe('CRLs of one authority among two', () => {
  async function createTwo() {
    const [ca, free] = [
      await createCertificateAuthority({ name: 'Covered' }),
      await createCertificateAuthority({ name: 'Free' }),
    ]
    const intermediate = await free.child({ name: 'Free intermediate' })
    const own = authorityOf(ca)
    const { coverage } = check(own, [await crlOf(ca, { revoked: ['41'] })])
    const authorities = [{ ...own, coverage }, authorityOf(free)]
    return {
      ca,
      free,
      intermediate,
      revocation: createRevocation({ authorities, onStaleCrl: 'deny' }),
    }
  }

  it('A29 leave the clients of the other alone, also behind an intermediate', async () => {
    const { ca, free, intermediate, revocation } = await createTwo()
    expect(revocation.verify([await leafOf(free)], now)).toBe(Number.POSITIVE_INFINITY)
    const sent = [await leafOf(intermediate), new X509Certificate(intermediate.certificate)]
    expect(revocation.verify(sent, now)).toBe(Number.POSITIVE_INFINITY)
    expect(revocation.verify([await leafOf(ca)], now)).toBeGreaterThan(now)
  })

  it('A29 refuse a client whose authority cannot be told', async () => {
    const { intermediate, revocation } = await createTwo()
    const leaf = await leafOf(intermediate)
    expect(verdict(() => revocation.verify([leaf], now))).toBe('revocation-unknown')
    expect(verdict(() => revocation.verify([], now))).toBe('no-certificate')
  })
})

describe('toOpensslCrls', () => {
  const blocks = (texts: readonly string[] | undefined) =>
    texts?.map((text) => text.split('BEGIN X509 CRL').length - 1)

  it('A29 gives one block a text, and the newest of each CA alone', async () => {
    const root = await createCertificateAuthority({ name: 'Root' })
    const intermediate = await root.child({ name: 'Intermediate' })
    const old = await crlOf(root, past)
    const crls = [old, await crlOf(root), await crlOf(intermediate)]
    const { coverage } = check(authorityOf(root, intermediate), crls)
    const texts = toOpensslCrls([coverage], 'deny')
    expect(blocks(texts)).toEqual([1, 1])
    expect(
      texts?.flatMap((text) => parseCrlFile(Buffer.from(text), 'x')).map((crl) => crl.der),
    ).toEqual(crls.slice(1).map((crl) => crl.der))
  })

  it('A29 gives nothing, and never an empty list, where OpenSSL would refuse good clients', async () => {
    const [ca, twin] = [
      await createCertificateAuthority({ name: 'Same' }),
      await createCertificateAuthority({ name: 'Same' }),
    ]
    const { coverage } = check(authorityOf(ca), [await crlOf(ca)])
    const twins = check(authorityOf(ca, twin), [await crlOf(ca), await crlOf(twin)])
    expect(toOpensslCrls([coverage], 'deny')).toHaveLength(1)
    expect(toOpensslCrls([coverage, undefined], 'deny')).toBeUndefined()
    expect(toOpensslCrls([coverage], 'keep')).toBeUndefined()
    expect(toOpensslCrls([twins.coverage], 'deny')).toBeUndefined()
    expect(toOpensslCrls([undefined], 'deny')).toBeUndefined()
    expect(toOpensslCrls([], 'deny')).toBeUndefined()
    expect(toOpensslCrls([new Map()], 'deny')).toBeUndefined()
  })
})

describe('a deny list in a revocation check', () => {
  it('refuses a certificate it names, without any CRL', async () => {
    const ca = await createCertificateAuthority()
    const denyList = parseDenyList('spiffe spiffe://acme.test/reader\n', 'deny.txt')
    const authorities = [authorityOf(ca)]
    const revocation = createRevocation({ authorities, denyList, onStaleCrl: 'deny' })
    const [denied, other] = [await leafOf(ca), await leafOf(ca, 'spiffe://acme.test/writer')]
    expect(verdict(() => revocation.verify([denied], now))).toBe('revoked')
    expect(revocation.verify([other], now)).toBe(Number.POSITIVE_INFINITY)
  })
})
