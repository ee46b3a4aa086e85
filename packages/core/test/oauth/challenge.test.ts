import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../src/errors.js'
import { createChallenges } from '../../src/oauth/challenge.js'

const url = 'https://mcp.acme.test/.well-known/oauth-protected-resource/mcp'
const plain = createChallenges({
  resourceMetadataUrl: url,
  scopes: ['tools:read', 'mcp'],
  dpop: false,
})
const proving = createChallenges({ resourceMetadataUrl: url, scopes: ['mcp'], dpop: true })
const algs = 'ES256 ES384 ES512 EdDSA Ed25519 PS256 PS384 PS512 RS256 RS384 RS512'

/** As RFC 9110 section 11.6.1 has it: challenges of quoted parameters; undefined for any other text. */
function parse(header: string): { scheme: string; parameters: Map<string, string> }[] | undefined {
  const parameter = /^(?<name>[a-z_]+)="(?<value>(?:[ !#-[\]-~]|\\["\\])*)"(?:, )?/
  const challenges: { scheme: string; parameters: Map<string, string> }[] = []
  let rest = header
  while (rest !== '') {
    const scheme = /^(?<scheme>Bearer|DPoP) /.exec(rest)?.groups?.['scheme']
    if (scheme !== undefined) {
      challenges.push({ scheme, parameters: new Map() })
      rest = rest.slice(scheme.length + 1)
    }
    const found = parameter.exec(rest)
    const { name = '', value = '' } = found?.groups ?? {}
    const parameters = challenges.at(-1)?.parameters
    if (found === null || parameters === undefined || parameters.has(name)) return undefined
    parameters.set(name, value.replaceAll(/\\(.)/g, '$1'))
    rest = rest.slice(found[0].length)
  }
  return challenges
}

/** What the client of SDK v1 finds: the first scheme is Bearer, then the first match of a name. */
function readLikeSdk(header: string, name: string): string | undefined {
  const [scheme, rest] = header.split(' ')
  if (scheme?.toLowerCase() !== 'bearer' || !rest) return undefined
  return new RegExp(`${name}=(?:"([^"]+)"|([^\\s,]+))`).exec(header)?.[1]
}

describe('createChallenges', () => {
  it('C14 writes one constant line for each situation', () => {
    expect(plain.missing()).toBe(`Bearer scope="mcp tools:read", resource_metadata="${url}"`)
    expect(plain.missing(['a'])).toBe(`Bearer scope="a", resource_metadata="${url}"`)
    expect(plain.missing([])).toBe(`Bearer resource_metadata="${url}"`)
    expect(plain.invalidToken()).toBe(
      `Bearer error="invalid_token", error_description="The access token is not valid", scope="mcp tools:read", resource_metadata="${url}"`,
    )
    expect(plain.insufficientScope(['b', 'a'])).toBe(
      `Bearer error="insufficient_scope", error_description="The access token lacks a scope this operation needs", scope="a b", resource_metadata="${url}"`,
    )
    expect(plain.invalidRequest()).toBe(
      `Bearer error="invalid_request", error_description="The credentials of the request cannot be understood", resource_metadata="${url}"`,
    )
    expect(plain.signIn(['a'])).toBe(
      `Bearer error="insufficient_scope", error_description="Sign in to use this tool", scope="a", resource_metadata="${url}"`,
    )
  })

  it('C17 offers DPoP after Bearer where proofs are verified', () => {
    const offer = `, DPoP algs="${algs}"`
    expect(proving.missing()).toBe(`Bearer scope="mcp", resource_metadata="${url}"${offer}`)
    expect(proving.invalidToken()).toMatch(/^Bearer error="invalid_token", .*, DPoP algs="[^"]+"$/)
    expect(proving.insufficientScope(['a'])).not.toContain('DPoP')
    expect(plain.missing() + plain.invalidToken()).not.toContain('DPoP')
  })

  it('C17 asks for another proof and for a nonce by the DPoP scheme', () => {
    const rest = `algs="${algs}", resource_metadata="${url}"`
    expect(proving.invalidProof()).toBe(
      `DPoP error="invalid_dpop_proof", error_description="The DPoP proof is not valid", ${rest}`,
    )
    expect(proving.useNonce()).toBe(
      `DPoP error="use_dpop_nonce", error_description="The DPoP proof needs the nonce of this server", ${rest}`,
    )
  })

  it('C17 does not speak of proofs where none is verified', () => {
    expect(plain.invalidProof()).toBe(plain.invalidToken())
  })

  it('C14 is understood by the client of SDK v1', () => {
    for (const challenges of [plain, proving]) {
      for (const header of [challenges.missing(['s']), challenges.insufficientScope(['s'])]) {
        expect(readLikeSdk(header, 'resource_metadata')).toBe(url)
        expect(readLikeSdk(header, 'scope')).toBe('s')
      }
      expect(readLikeSdk(challenges.missing(), 'error')).toBeUndefined()
      expect(readLikeSdk(challenges.invalidToken(), 'error')).toBe('invalid_token')
      expect(readLikeSdk(challenges.insufficientScope([]), 'error')).toBe('insufficient_scope')
    }
  })

  it('C20 says the same for the same scopes in another order', () => {
    expect(plain.insufficientScope(['a', 'b', 'a'])).toBe(plain.insufficientScope(['b', 'a']))
  })

  it('C18 never asks for offline_access', () => {
    expect(plain.insufficientScope(['a', 'offline_access'])).not.toContain('offline')
    expect(plain.missing(['offline_access'])).toBe(plain.missing([]))
    const make = () =>
      createChallenges({ resourceMetadataUrl: url, scopes: ['offline_access'], dpop: false })
    expect(make).toThrow(ConfigurationError)
  })

  it('C14 escapes quotes and backslashes, and keeps to printable ASCII', () => {
    const header = plain.invalidToken('a"b\\c\r\nSet-Cookie: d\u00e9\u2028')
    expect(header).toContain('error_description="a\\"b\\\\c??Set-Cookie: d??"')
    expect(parse(header)?.[0]?.parameters.get('error_description')).toBe('a"b\\c??Set-Cookie: d??')
  })

  it('C14 is a list of challenges of printable ASCII whatever it is made of', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('"', '\\', '\\"', '\r\nX: y', 'a", error="x', '\u0000', '\ud800'),
    )
    fc.assert(
      fc.property(text, fc.array(text), fc.boolean(), (any, scopes, dpop) => {
        const made = createChallenges({ resourceMetadataUrl: any, dpop })
        for (const header of [
          made.missing(scopes),
          made.invalidToken(any),
          made.insufficientScope(scopes),
          made.signIn(scopes),
          made.invalidRequest(),
          made.invalidProof(),
          made.useNonce(),
        ]) {
          expect(header).toMatch(/^[ -~]+$/)
          const challenges = parse(header)
          expect(challenges).toBeDefined()
          const written = any.replaceAll(/[^ -~]/g, '?')
          expect(challenges?.[0]?.parameters.get('resource_metadata')).toBe(written)
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('toolResult', () => {
  it('C14 has the shape that ChatGPT looks for: an error, and the challenge in a list', () => {
    const challenge = plain.signIn()
    expect(plain.toolResult(challenge)).toEqual({
      content: [{ type: 'text', text: 'Authorization is required to use this tool.' }],
      isError: true,
      _meta: { 'mcp/www_authenticate': [challenge] },
    })
  })

  it('C14 has an error and a description in every challenge that is made for it', () => {
    for (const challenge of [
      plain.signIn(),
      plain.invalidToken(),
      plain.insufficientScope(['a']),
    ]) {
      const parameters = parse(challenge)?.[0]?.parameters
      expect(parameters?.get('error')).toBeTruthy()
      expect(parameters?.get('error_description')).toBeTruthy()
      expect(parameters?.get('resource_metadata')).toBe(url)
    }
  })
})
