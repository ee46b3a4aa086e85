import { createCertificateAuthority, openCertificateAuthority } from '@mcp-mtls/authority'
import { describe, expect, it } from 'vitest'
import {
  type Authority,
  findAuthority,
  findAuthorityByChain,
} from '../../src/identity/authority.js'
import { verifyLeafConditions } from '../../src/identity/leaf-conditions.js'
import { parseCertificate } from '../../src/identity/parse-certificate.js'
import { caTrue, keyUsageValue, oid, resign, sequence, splitPem, toX509 } from './certificates.js'

const root = await createCertificateAuthority({ name: 'shared root' })
const [intermediate, sibling, next] = [
  await root.child({ name: 'connectors' }),
  // Of the same name, so that only the signature tells them apart.
  await root.child({ name: 'connectors' }),
  await root.child({ name: 'connectors, next' }),
]
const other = await createCertificateAuthority({ name: 'other root' })
const name = 'mtls.connectors.test'
const now = Date.now()

const anchors = [root, intermediate].map(({ certificate }) => toX509(certificate))
const issuedBy = [toX509(intermediate.certificate)]
const limited: Authority = { name: 'limited', anchors, trustDomains: [], issuedBy, dns: [name] }
const corporate: Authority = {
  name: 'corporate',
  anchors: [toX509(other.certificate)],
  trustDomains: [],
}

async function ask(
  issuer: typeof root,
  { dns = [name], authorities = [limited] }: { dns?: string[]; authorities?: Authority[] } = {},
) {
  const { chain } = await issuer.issue({ usage: 'client', cn: 'x', dns })
  const [leaf = toX509(chain), ...presented] = splitPem(chain)
  const dnsNames = parseCertificate(leaf.raw).names.dns
  return { leaf, presented, dnsNames, authorities, now }
}

const unknown = expect.objectContaining({ reason: 'unknown-authority' })

describe.each([
  ['one authority', [limited]],
  ['several authorities', [limited, corporate]],
])('an authority that asks for the issuer and a name, among %s', (_, authorities) => {
  it.each([findAuthority, findAuthorityByChain])(
    'A34 vouches for what that issuer signed with that name',
    async (find) => {
      expect(find(await ask(intermediate, { authorities }))).toBe('limited')
      const leafAlone = { ...(await ask(intermediate, { authorities })), presented: [] }
      expect(find(leafAlone)).toBe('limited')
      expect(find(await ask(intermediate, { authorities, dns: ['a.test', name] }))).toBe('limited')
    },
  )

  it.each([
    ['A34 a sibling of the issuer, under the same root', sibling],
    ['A34 another intermediate of that root', next],
    ['A34 the root itself', root],
  ])('%s does not stand for it', async (_what, issuer) => {
    const question = await ask(issuer, { authorities })
    // Whatever else the peer sends: the issuer asked for, between others or first.
    const presented = [toX509(intermediate.certificate), ...question.presented]
    for (const find of [findAuthority, findAuthorityByChain]) {
      expect(() => find(question)).toThrow(unknown)
      expect(() => find({ ...question, presented })).toThrow(unknown)
    }
  })

  it.each([
    ['another name', ['mtls.other.test']],
    ['a wildcard over it', ['*.connectors.test']],
    ['a name above it', ['connectors.test']],
    ['a name below it', [`a.${name}`]],
    ['it in capitals', [name.toUpperCase()]],
    ['it with a dot at the end', [`${name}.`]],
    ['no name', []],
  ])('A30 refuses %s', async (_what, dns) => {
    for (const find of [findAuthority, findAuthorityByChain]) {
      const question = await ask(intermediate, { authorities, dns })
      expect(() => find(question)).toThrow(unknown)
    }
  })

  it('takes names that were not read for none', async () => {
    const { dnsNames: _, ...question } = await ask(intermediate, { authorities })
    expect(() => findAuthority(question)).toThrow(unknown)
  })
})

describe('what an authority asks of a certificate', () => {
  it('is nothing where it says nothing', async () => {
    const { leaf } = await ask(other, { dns: [] })
    expect(() => verifyLeafConditions({}, { leaf, now })).not.toThrow()
  })

  it('A34 is met by nobody where the lists are empty', async () => {
    const facts = await ask(intermediate)
    expect(() => verifyLeafConditions({ issuedBy: [] }, facts)).toThrow(unknown)
    expect(() => verifyLeafConditions({ dns: [] }, facts)).toThrow(unknown)
  })

  it('is met by the signature of any issuer of the list, and by no chain through one', async () => {
    const below = await intermediate.child({ name: 'below' })
    const both = { issuedBy: [...issuedBy, toX509(next.certificate)] }
    const byNext = await ask(next)
    expect(() => verifyLeafConditions(both, byNext)).not.toThrow()
    const deeper = await ask(below)
    expect(() => verifyLeafConditions({ issuedBy }, deeper)).toThrow(unknown)
    const chained = { issuedBy: [...issuedBy, toX509(below.certificate)] }
    expect(() => verifyLeafConditions(chained, deeper)).not.toThrow()
  })

  it('A34 is not met by an issuer whose time is over', async () => {
    const facts = await ask(intermediate)
    const later = Date.parse(toX509(intermediate.certificate).validTo) + 1000
    expect(() => verifyLeafConditions({ issuedBy }, { ...facts, now: later })).toThrow(unknown)
  })

  it('A34 is not met by a signature that does not verify, whatever the names say', async () => {
    const { leaf, ...facts } = await ask(intermediate)
    const forged = toX509(resign(leaf.raw, () => undefined, sibling.key))
    expect(forged.issuer).toBe(leaf.issuer)
    expect(() => verifyLeafConditions({ issuedBy }, { ...facts, leaf: forged })).toThrow(unknown)
  })

  it('A34 is not met by an issuer that restricts names', async () => {
    const issued = await root.issue({
      usage: 'client',
      cn: 'connectors',
      extensions: [
        { oid: oid.basicConstraints, critical: true, value: caTrue },
        { oid: oid.keyUsage, critical: true, value: keyUsageValue(0x04) },
        { oid: oid.nameConstraints, value: sequence() },
      ],
    })
    const restricted = await openCertificateAuthority(issued)
    const facts = await ask(restricted)
    expect(facts.leaf.verify(toX509(issued.certificate).publicKey)).toBe(true)
    const asked = { issuedBy: [toX509(issued.certificate)] }
    expect(() => verifyLeafConditions(asked, facts)).toThrow(unknown)
  })
})
