import type { PeerCertificate } from '../../src/identity/peer-certificate.js'
import { parseSpiffeId } from '../../src/identity/spiffe-id.js'
import type { AccessToken } from '../../src/oauth/access-token.js'
import type { Principal } from '../../src/policy/principal.js'

export interface PeerOptions {
  readonly authority?: string
  readonly spiffe?: string
  readonly uri?: readonly string[]
  readonly dns?: readonly string[]
  readonly email?: readonly string[]
  readonly cn?: readonly string[]
  readonly o?: readonly string[]
  readonly ou?: readonly string[]
  readonly issuer?: string
  readonly thumbprint?: string
}

const defaults = {
  authority: 'default',
  uri: [],
  dns: [],
  email: [],
  cn: [],
  o: [],
  ou: [],
  issuer: 'CN=Test CA',
  thumbprint: 'A'.repeat(43),
}

/** A certificate as a policy sees it, without a handshake. */
export function peer(options: PeerOptions = {}): PeerCertificate {
  const { authority, thumbprint, ...given } = { ...defaults, ...options }
  const { spiffe } = options
  return {
    thumbprint,
    subject: {
      text: '',
      commonNames: given.cn,
      organizations: given.o,
      organizationalUnits: given.ou,
    },
    issuer: { text: given.issuer, commonNames: [], organizations: [], organizationalUnits: [] },
    serialNumber: '01',
    notBefore: 0,
    notAfter: Number.MAX_SAFE_INTEGER,
    names: {
      uri: spiffe === undefined ? given.uri : [spiffe],
      dns: given.dns,
      email: given.email,
    },
    ...(spiffe === undefined ? {} : { spiffeId: parseSpiffeId(spiffe) }),
    authority,
  }
}

/** A verified token of a user, as a policy sees it. */
export function token(options: Partial<AccessToken> = {}): AccessToken {
  return Object.freeze({
    issuer: 'https://as.test',
    kind: 'user',
    subject: 'alice',
    clientId: 'web',
    scopes: [],
    audience: ['https://mcp.test/mcp'],
    expiresAt: Number.MAX_SAFE_INTEGER,
    binding: {},
    claims: {},
    hash: 'B'.repeat(43),
    ...options,
  })
}

/** The same principal with a token that carries these scopes. */
export function withScopes(principal: Principal, ...scopes: readonly string[]): Principal {
  return Object.freeze({ ...principal, token: token({ scopes }) })
}

/** The same principal, for whom a token could add roles. */
export function promised(principal: Principal, ...roles: readonly string[]): Principal {
  return Object.freeze({ ...principal, rolesWithToken: Object.freeze([...roles]) })
}

/** A principal with exactly these roles, whatever a policy would assign. */
export function holderOf(...roles: readonly string[]): Principal {
  return Object.freeze({
    name: 'default/dns:a.test',
    certificateName: 'default/dns:a.test',
    identity: { kind: 'dns', value: 'a.test' } as const,
    certificate: peer({ dns: ['a.test'] }),
    roles: Object.freeze([...roles]),
    rolesWithToken: [],
  })
}

/** The operation `tools/call` asks for. */
export function tool(name: string) {
  return { kind: 'tool', name, args: {} } as const
}

/** The operation `resources/read` asks for. */
export function resource(uri: string) {
  return { kind: 'resource', uri } as const
}

/** A request or notification of a method that is not MCP's own. */
export function extension(method: string) {
  return { kind: 'method', method } as const
}

/** An element of `resources/templates/list`. */
export function template(uriTemplate: string) {
  return { kind: 'template', uriTemplate } as const
}
