import { X509Certificate } from 'node:crypto'
import { CertificateError } from '../../../packages/core/dist/errors.js'
import { parseCertificate } from '../../../packages/core/dist/identity/parse-certificate.js'
import { createCertificates } from '../certificates.js'
import { contentOf, readTree, writeTree } from '../der-tree.js'
import { mutateBytes } from '../mutate-bytes.js'
import { mutateDer } from '../mutate-der.js'
import { expect } from '../run-target.js'

/** What to write into a name so that two readers may see two names. */
const contents = [
  '\0', 'a.test\0.evil.test', ', DNS:evil.test', 'x, URI:spiffe://acme.test/admin', '"', '\\', "'",
  '\n', '\xff', '\xc3\xa9', 'spiffe://acme.test/agents/admin', 'SPIFFE://acme.test/a', ' ', '',
  'spiffe://acme.test/../a', 'spiffe://acme.test', '*', 'xn--a', '\x7f', '\x1f', '\x00\x00', '\x80',
] // biome-ignore format: a list of words

const subjectAltName = '0603551d11'
const tags = { uri: 0x86, dns: 0x82, email: 0x81 }
const labels = { uri: 'URI', dns: 'DNS', email: 'email' }

export async function createCertificatesTarget() {
  const samples = await createCertificates()
  return {
    name: 'DER certificates',
    samples,
    mutate: (input, random) =>
      random.oneIn(5)
        ? mutateBytes(input, random, samples)
        : mutateDer(input, random, { others: samples, contents }),
    examine(input) {
      const parsed = parse(input)
      if (parsed === undefined) return false
      const tree = checkEncoding(input)
      checkNames(parsed.names, tree)
      checkAgainstNode(parsed, input)
      return true
    },
  }
}

function parse(input) {
  try {
    return parseCertificate(input)
  } catch (error) {
    if (error instanceof CertificateError) return undefined
    throw error
  }
}

function checkEncoding(input) {
  const tree = readTree(input)
  expect(tree?.length === 1, 'a certificate is accepted that is no DER')
  expect(writeTree(tree).equals(input), 'a certificate is accepted that encodes to other bytes')
  return tree
}

/** The names are those of the one extension that may hold them, read by another reader. */
function checkNames(names, tree) {
  const extensions = extensionsOf(tree).filter(
    ({ children }) => writeTree(children.slice(0, 1)).toString('hex') === subjectAltName,
  )
  expect(extensions.length <= 1, 'a certificate with two lists of names is accepted')
  const general = extensions[0]?.children.at(-1).children?.[0].children ?? []
  for (const [kind, tag] of Object.entries(tags)) {
    const there = general
      .filter((node) => node.tag === tag)
      .map((node) => contentOf(node).toString('latin1'))
    const plain = names[kind].every((name) => name !== '' && /^[ -~]*$/.test(name))
    expect(plain, `${kind} names are accepted that are empty or no plain text`, names[kind])
    expect(isSame(names[kind], there), `other ${kind} names are read than are there`, {
      there,
      names,
    })
  }
}

function extensionsOf([certificate]) {
  const [tbs] = certificate.children
  return tbs.children.find(({ tag }) => tag === 0xa3)?.children[0].children ?? []
}

function checkAgainstNode(parsed, input) {
  const certificate = readWithNode(input)
  // What OpenSSL cannot read never comes out of a handshake.
  if (certificate === undefined) return
  expect(certificate.raw.equals(input), 'OpenSSL reads other bytes')
  const told = splitNames(certificate.subjectAltName ?? '')
  expect(
    told !== undefined,
    'the text of the names has a form of its own',
    certificate.subjectAltName,
  )
  for (const [kind, label] of Object.entries(labels)) {
    const names = told.filter((name) => name.label === label).map(({ value }) => value)
    expect(isSame(parsed.names[kind], names), `OpenSSL reads other ${kind} names`, {
      names,
      ours: parsed.names,
    })
  }
  checkFacts(parsed, certificate)
  checkSpiffeId(parsed, told)
}

function checkFacts(parsed, certificate) {
  const thumbprint = Buffer.from(parsed.thumbprint, 'base64url').toString('hex')
  expect(
    thumbprint === certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    'another thumbprint',
  )
  const serial = [parsed.serialNumber, certificate.serialNumber].map((hex) => BigInt(`0x${hex}`))
  expect(serial[0] === serial[1], 'another serial number', [
    parsed.serialNumber,
    certificate.serialNumber,
  ])
  const times = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)]
  expect(isSame([parsed.notBefore, parsed.notAfter], times), 'another validity', { times, parsed })
}

function checkSpiffeId({ spiffeId, names }, told) {
  const uris = told.filter(({ label }) => label === 'URI').map(({ value }) => value)
  const claims = uris.filter((uri) => /^spiffe:/i.test(uri))
  if (spiffeId === undefined)
    return expect(claims.length === 0, 'a SPIFFE ID is overlooked', claims)
  const alone = uris.length === 1 && names.uri.length === 1 && uris[0] === spiffeId.text
  return expect(alone, 'a SPIFFE ID is read that is not the one URI name', { spiffeId, uris })
}

function readWithNode(input) {
  try {
    return new X509Certificate(input)
  } catch {
    return undefined
  }
}

/** Node's text: `DNS:a.test, URI:"quoted, as JSON"`, quoted wherever it could be misread. */
function splitNames(text) {
  const name = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y
  const names = []
  while (name.lastIndex < text.length) {
    const match = name.exec(text)
    if (match === null) return undefined
    const [, label, value] = match
    names.push({ label, value: value.startsWith('"') ? JSON.parse(value) : value })
  }
  return names
}

function isSame(one, other) {
  return one.length === other.length && one.every((value, index) => value === other[index])
}
