import { CertificateError } from '../../../packages/core/dist/errors.js'
import { parseSpiffeId } from '../../../packages/core/dist/identity/spiffe-id.js'
import { mutateBytes } from '../mutate-bytes.js'
import { mutateText } from '../mutate-text.js'
import { expect } from '../run-target.js'

/** SPIFFE-ID section 2, in one expression: what the library reads in steps. */
const grammar =
  /^spiffe:\/\/(?=[^/]{1,255}(?:\/|$))[a-z0-9._-]+(?:\/(?!\.{1,2}(?:\/|$))[a-zA-Z0-9._-]+)*$/
const maximumBytes = 2048

const samples = [
  'spiffe://acme.test',
  'spiffe://acme.test/agents/reader',
  'spiffe://acme.test/ns/agents/sa/Deployer_2',
  'spiffe://1.2.3.4/..a/.b/c.',
  `spiffe://${'a'.repeat(255)}/x`,
  `spiffe://acme.test/${'a/'.repeat(1014)}b`,
].map((text) => Buffer.from(text))

const dictionary = [
  'spiffe://', 'SPIFFE://', 'spiffe:', '//', '/', '.', '..', '/./', '/../', '%2e', '%2F', '*', '**',
  ':8443', 'user@', '?query', '#fragment', '\\', 'ACME.test', '\u212a', 'a'.repeat(256), '~', '[::1]',
] // biome-ignore format: a list of words

export const spiffeIdTarget = {
  name: 'SPIFFE IDs',
  samples,
  mutate: (input, random) =>
    random.oneIn(2)
      ? mutateBytes(input, random, samples)
      : mutateText(input, random, { others: samples, dictionary }),
  examine(input) {
    const text = input.toString('utf8')
    const expected = grammar.test(text) && Buffer.byteLength(text) <= maximumBytes
    const spiffeId = parse(text)
    expect((spiffeId !== undefined) === expected, 'the grammar says otherwise', { text, expected })
    if (spiffeId === undefined) return false
    expect(spiffeId.text === text, 'the text of a SPIFFE ID is not what was read', text)
    const whole = ['spiffe:/', spiffeId.trustDomain, ...spiffeId.path].join('/')
    expect(whole === text, 'the parts of a SPIFFE ID are not its text', { whole, text })
    return true
  },
}

function parse(text) {
  try {
    return parseSpiffeId(text)
  } catch (error) {
    if (error instanceof CertificateError && error.reason === 'spiffe-id') return undefined
    throw error
  }
}
