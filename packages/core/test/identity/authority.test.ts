import { X509Certificate } from 'node:crypto'
import { type CertificateAuthority, createCertificateAuthority } from '@mcp-mtls/authority'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  Certificate,
  Extension,
  type TBSCertificate,
  Time,
} from '@peculiar/asn1-x509'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  type Authority,
  type AuthorityQuestion,
  findAuthority,
  findAuthorityByChain,
} from '../../src/identity/authority.js'
import { parseSpiffeId } from '../../src/identity/spiffe-id.js'
import {
  caTrue,
  ecdsaWithSha1,
  keyUsageValue,
  oid,
  resign,
  sequence,
  splitPem,
  toX509,
} from './certificates.js'

const rootA = await createCertificateAuthority({ name: 'root A' })
const rootB = await createCertificateAuthority({ name: 'root B' })
const intermediateA = await rootA.child({ name: 'intermediate A' })

function authority(
  name: string,
  cas: readonly CertificateAuthority[],
  trustDomains: readonly string[] = [],
): Authority {
  return { name, anchors: cas.map((one) => toX509(one.certificate)), trustDomains }
}

const plain = [authority('a', [rootA]), authority('b', [rootB])]
const federated = [authority('a', [rootA], ['a.test']), authority('b', [rootB], ['b.test'])]

/** The question for a leaf issued by `issuer`, everything it would present being there. */
async function ask(
  issuer: CertificateAuthority,
  change: Partial<AuthorityQuestion> & { readonly uri?: string } = {},
): Promise<AuthorityQuestion> {
  const { uri, ...rest } = change
  const { chain } = await issuer.issue({
    usage: 'client',
    cn: 'x',
    ...(uri !== undefined && { uri: [uri] }),
  })
  const [leaf, ...presented] = splitPem(chain) as [X509Certificate, ...X509Certificate[]]
  const spiffeId = uri === undefined ? undefined : parseSpiffeId(uri)
  return { leaf, presented, spiffeId, authorities: plain, now: Date.now(), ...rest }
}

const unknown = expect.objectContaining({ reason: 'unknown-authority' })
const unavailable = expect.objectContaining({ reason: 'chain-unavailable' })

function nameOf(certificate: string) {
  return AsnConvert.parse(toX509(certificate).raw, Certificate).tbsCertificate.subject
}

/** Removes extensions that tie a certificate to its issuer's key, and those given. */
function without(tbs: TBSCertificate, ...ids: readonly string[]): void {
  tbs.extensions = tbs.extensions?.filter(({ extnID }) => !ids.includes(extnID)) as never
}

function add(tbs: TBSCertificate, extnID: string, value: Uint8Array): void {
  without(tbs, extnID)
  tbs.extensions?.push(
    new Extension({ extnID, critical: false, extnValue: new OctetString(value) }),
  )
}

/** The CA certificate of `one`, certified instead by `issuer`: same subject, same key. */
function crossSign(one: CertificateAuthority, issuer: CertificateAuthority): X509Certificate {
  const edit = (tbs: TBSCertificate) => {
    tbs.issuer = nameOf(issuer.certificate)
    without(tbs, oid.authorityKeyIdentifier)
  }
  return toX509(resign(toX509(one.certificate).raw, edit, issuer.key))
}

/** The certificate of an intermediate below root A, changed and signed again by root A. */
function changed(one: CertificateAuthority, edit: (tbs: TBSCertificate) => void): X509Certificate {
  return toX509(resign(toX509(one.certificate).raw, edit, rootA.key))
}

describe('findAuthority', () => {
  it('A34 names the authority a chain ends in, directly or over intermediates in any order', async () => {
    const deep = await (await rootA.child({ name: 'one' })).child({ name: 'two' })
    expect(findAuthority(await ask(rootA))).toBe('a')
    expect(findAuthority(await ask(rootB))).toBe('b')
    const question = await ask(deep)
    expect(question.presented).toHaveLength(2)
    expect(findAuthority(question)).toBe('a')
    expect(findAuthority({ ...question, presented: question.presented.toReversed() })).toBe('a')
  })

  it('A34 says that the chain is unavailable when intermediates are needed and not there', async () => {
    const question = await ask(intermediateA, { presented: [] })
    expect(() => findAuthority(question)).toThrow(unavailable)
  })

  it('A34 refuses a chain that ends in no authority', async () => {
    const stranger = await createCertificateAuthority({ name: 'root A' })
    const below = await stranger.child({ name: 'intermediate A' })
    const question = await ask(below)
    expect(() => findAuthority(question)).toThrow(unknown)
    const withRoot = [...question.presented, toX509(stranger.certificate)]
    expect(() => findAuthority({ ...question, presented: withRoot })).toThrow(unknown)
  })

  it('A34 is not led astray by a decoy with the name of the issuer', async () => {
    const foreign = await rootB.child({ name: 'intermediate' })
    const decoy = await rootA.child({ name: 'intermediate' })
    const question = await ask(foreign)
    // Without key identifiers the names fit, and only the signature tells the two apart.
    const anonymous = changed(decoy, (tbs) => without(tbs, oid.subjectKeyIdentifier))
    const presented = [anonymous, toX509(decoy.certificate), ...question.presented]
    expect(findAuthority({ ...question, presented })).toBe('b')
    expect(() => findAuthority({ ...question, presented: presented.slice(0, 2) })).toThrow(unknown)
  })

  it('A34 takes an anchor by its bytes, not by its name or key', async () => {
    const question = await ask(rootA)
    const renewed = changed(rootA, (tbs) => {
      tbs.serialNumber = new Uint8Array([1]).buffer
    })
    const authorities = [
      { name: 'a', anchors: [renewed], trustDomains: [] },
      plain[1],
    ] as Authority[]
    expect(findAuthority({ ...question, authorities })).toBe('a')
    const other = authority('a', [await createCertificateAuthority({ name: 'root A' })])
    const presented = [toX509(rootA.certificate)]
    const swapped = { ...question, presented, authorities: [other, plain[1]] as Authority[] }
    expect(() => findAuthority(swapped)).toThrow(unknown)
  })

  it('A31 does not take the leaf itself as an anchor', async () => {
    const question = await ask(rootA)
    const anchors = [question.leaf]
    const authorities = [{ name: 'leaf', anchors, trustDomains: [] }, plain[1]] as Authority[]
    expect(() => findAuthority({ ...question, authorities })).toThrow(unavailable)
  })

  it('tells roots of one name apart by signature', async () => {
    const twin = await createCertificateAuthority({ name: 'root A' })
    const authorities = [authority('twin', [twin]), ...plain]
    expect(findAuthority({ ...(await ask(rootA)), authorities })).toBe('a')
    expect(findAuthority({ ...(await ask(twin)), authorities })).toBe('twin')
  })
})

describe('links of a chain', () => {
  it.each([
    ['without the CA flag', (tbs) => add(tbs, oid.basicConstraints, sequence())],
    ['without basic constraints', (tbs) => without(tbs, oid.basicConstraints)],
    ['without keyCertSign', (tbs) => add(tbs, oid.keyUsage, keyUsageValue(0x82))],
    [
      'expired',
      (tbs) => {
        tbs.validity.notAfter = new Time(new Date(Date.now() - 1000))
      },
    ],
    [
      'not yet valid',
      (tbs) => {
        tbs.validity.notBefore = new Time(new Date(Date.now() + 60_000))
      },
    ],
    [
      'with name constraints, which are not evaluated',
      (tbs) => add(tbs, oid.nameConstraints, sequence()),
    ],
    [
      'with an unknown critical extension',
      (tbs) => {
        tbs.extensions?.push(
          new Extension({
            extnID: '1.2.3.4',
            critical: true,
            extnValue: new OctetString(sequence()),
          }),
        )
      },
    ],
    [
      'whose extension is not DER',
      (tbs) => add(tbs, oid.basicConstraints, Buffer.concat([caTrue, Buffer.alloc(1)])),
    ],
  ] as [string, (tbs: TBSCertificate) => void][])(
    'B04 refuses an intermediate %s',
    async (_, edit) => {
      const question = await ask(intermediateA)
      expect(findAuthority({ ...question, presented: [changed(intermediateA, () => {})] })).toBe(
        'a',
      )
      const presented = [changed(intermediateA, edit)]
      expect(() => findAuthority({ ...question, presented })).toThrow(unknown)
    },
  )

  it('B04 takes an intermediate from its first to its last millisecond', async () => {
    const question = await ask(intermediateA)
    const [first, last] = [new Date('2030-01-01T00:00:00Z'), new Date('2030-01-02T00:00:00Z')]
    const short = changed(intermediateA, (tbs) => {
      tbs.validity.notBefore = new Time(first)
      tbs.validity.notAfter = new Time(last)
    })
    const root = changed(rootA, (tbs) => {
      tbs.validity.notAfter = new Time(new Date('2040-01-01T00:00:00Z'))
    })
    const authorities = [{ name: 'a', anchors: [root], trustDomains: [] }, plain[1]] as Authority[]
    const at = (now: number) => ({ ...question, presented: [short], authorities, now })
    for (const time of [first, last]) expect(findAuthority(at(time.getTime()))).toBe('a')
    for (const now of [first.getTime() - 1, last.getTime() + 1]) {
      expect(() => findAuthority(at(now))).toThrow(unknown)
    }
  })

  it('refuses an intermediate whose own signature is weak or wrong', async () => {
    const question = await ask(intermediateA)
    const weak = resign(
      toX509(intermediateA.certificate).raw,
      (tbs) => {
        tbs.signature = new AlgorithmIdentifier({ algorithm: ecdsaWithSha1 })
      },
      rootA.key,
    )
    const forged = resign(toX509(intermediateA.certificate).raw, () => {}, rootB.key)
    expect(toX509(weak).verify(toX509(rootA.certificate).publicKey)).toBe(true)
    for (const der of [weak, forged]) {
      expect(() => findAuthority({ ...question, presented: [toX509(der)] })).toThrow(unknown)
    }
  })

  it('A33 keeps to the path length of every certificate above', async () => {
    const root = await createCertificateAuthority({ name: 'short', pathLength: 1 })
    const one = await root.child({ name: 'one' })
    const two = await one.child({ name: 'two' })
    const authorities = [authority('short', [root]), ...plain]
    expect(findAuthority(await ask(one, { authorities }))).toBe('short')
    const tooLong = await ask(two, { authorities })
    expect(() => findAuthority(tooLong)).toThrow(unknown)
  })

  it('follows eight CA certificates above the leaf and no ninth', async () => {
    let issuer = rootA
    for (let depth = 2; depth <= 8; depth++) issuer = await issuer.child({ name: `depth ${depth}` })
    expect(findAuthority(await ask(issuer))).toBe('a')
    const tooDeep = await ask(await issuer.child({ name: 'depth 9' }))
    expect(() => findAuthority(tooDeep)).toThrow(unknown)
  })

  it('ends on certificates that certify each other', async () => {
    const circle = [crossSign(rootA, rootB), crossSign(rootB, rootA)]
    const authorities = [
      authority('other', [await createCertificateAuthority()]),
      authority('more', []),
    ]
    const question = await ask(rootA, { authorities, presented: circle })
    expect(() => findAuthority(question)).toThrow(unknown)
  })

  it('verifies no more signatures than the square of a pile of certificates of one name', async () => {
    const twins = await Promise.all(
      Array.from({ length: 40 }, () => rootB.child({ name: 'intermediate A' })),
    )
    const question = await ask(intermediateA)
    const pile = [...twins.map((one) => toX509(one.certificate)), ...question.presented]
    const verify = vi.spyOn(X509Certificate.prototype, 'verify')
    const checkIssued = vi.spyOn(X509Certificate.prototype, 'checkIssued')
    onTestFinished(() => {
      verify.mockRestore()
      checkIssued.mockRestore()
    })
    expect(findAuthority({ ...question, presented: pile })).toBe('a')
    const square = (pile.length + plain.length) ** 2
    expect(verify.mock.calls.length).toBeLessThanOrEqual(square)
    expect(checkIssued.mock.calls.length).toBeLessThanOrEqual(square)
  })
})

describe('who may vouch', () => {
  const ofA = 'spiffe://a.test/admin'
  const ofB = 'spiffe://b.test/x'

  it('B05 lets an authority vouch for SPIFFE IDs of its own trust domains only', async () => {
    const authorities = federated
    expect(findAuthority(await ask(rootA, { authorities, uri: ofA }))).toBe('a')
    expect(findAuthority(await ask(rootB, { authorities, uri: ofB }))).toBe('b')
    for (const uri of [ofA, 'spiffe://c.test/x']) {
      const foreign = await ask(rootB, { authorities, uri })
      expect(() => findAuthority(foreign)).toThrow(unknown)
    }
  })

  it('B05 lets an authority with trust domains vouch for nothing but SPIFFE IDs', async () => {
    const question = await ask(rootA, { authorities: federated })
    expect(() => findAuthority(question)).toThrow(unknown)
    const alone = { ...question, authorities: federated.slice(0, 1) }
    expect(() => findAuthority(alone)).toThrow(unknown)
  })

  it('B05 lets no other authority vouch for an owned trust domain', async () => {
    const authorities = [authority('a', [rootA], ['a.test']), authority('b', [rootB])]
    const forged = await ask(rootB, { authorities, uri: ofA })
    expect(() => findAuthority(forged)).toThrow(unknown)
    expect(findAuthority(await ask(rootB, { authorities, uri: ofB }))).toBe('b')
    expect(findAuthority(await ask(rootB, { authorities }))).toBe('b')
  })

  it('B05 refuses a leaf of one trust domain presented with a decoy of its owner', async () => {
    const foreign = await rootB.child({ name: 'intermediate A' })
    const question = await ask(foreign, { authorities: federated, uri: ofA })
    const presented = [toX509(intermediateA.certificate), ...question.presented]
    expect(() => findAuthority({ ...question, presented })).toThrow(unknown)
  })

  it('B05 lets the owner win where a cross-signed root leads to two authorities', async () => {
    const presented = [crossSign(rootA, rootB)]
    const owned = await ask(rootA, { authorities: federated, uri: ofA, presented })
    expect(findAuthority(owned)).toBe('a')
    const ambiguous = await ask(rootA, { presented })
    expect(() => findAuthority(ambiguous)).toThrow('chain ends in several authorities: a, b')
  })

  it('refuses an anchor that two authorities hold, unless one owns the trust domain', async () => {
    const shared = [authority('one', [rootA]), authority('two', [rootA])]
    const ambiguous = await ask(rootA, { authorities: shared, uri: ofA })
    expect(() => findAuthority(ambiguous)).toThrow(unknown)
    const owned = [authority('one', [rootA]), authority('two', [rootA], ['a.test'])]
    expect(findAuthority(await ask(rootA, { authorities: owned, uri: ofA }))).toBe('two')
  })

  it('refuses everything when there is no authority', async () => {
    const question = await ask(rootA, { authorities: [] })
    expect(() => findAuthority(question)).toThrow(unknown)
  })
})

describe('one authority', () => {
  const alone = plain.slice(0, 1)

  it('is vouched for by the handshake, whether or not intermediates can be read', async () => {
    expect(findAuthority(await ask(intermediateA, { authorities: alone, presented: [] }))).toBe('a')
    const pool = [{ name: 'default', anchors: [], trustDomains: [] }]
    expect(findAuthority(await ask(rootA, { authorities: pool }))).toBe('default')
  })

  it('still vouches for its trust domains only', async () => {
    const authorities = federated.slice(0, 1)
    expect(findAuthority(await ask(rootA, { authorities, uri: 'spiffe://a.test/x' }))).toBe('a')
    const foreign = await ask(rootA, { authorities, uri: 'spiffe://b.test/x' })
    expect(() => findAuthority(foreign)).toThrow(unknown)
  })

  it('B05 is followed up to by findAuthorityByChain, which asks again after a change', async () => {
    expect(findAuthorityByChain(await ask(intermediateA, { authorities: alone }))).toBe('a')
    const removed = await ask(rootB, { authorities: alone })
    expect(findAuthority(removed)).toBe('a')
    expect(() => findAuthorityByChain(removed)).toThrow(unavailable)
  })
})
