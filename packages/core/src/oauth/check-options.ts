import { isJsonObject, type JsonObject } from '../mcp/json-object.js'
import { isHttpsUrl } from './bounded-fetch.js'
import { checkClientIssuers, checkClients } from './check-client-mapping.js'
import { checkIssuers } from './check-issuer-options.js'
import { checkMembers, type MemberChecks, oneOf } from './check-members.js'
import { isScope } from './profile.js'

const members: MemberChecks = {
  resource: (value) =>
    isCanonicalResource(value)
      ? []
      : [
          'must be the https URL of this server in lower case and without fragment: https://mcp.acme.test/mcp',
        ],
  scopes: (value) =>
    Array.isArray(value) && value.every((scope) => isScope(scope) && scope !== 'offline_access')
      ? []
      : [
          'must be a list of scopes, without spaces, quotes or backslashes, and without offline_access, which clients ask for by themselves',
        ],
  require: oneOf('both', 'certificate', 'token', 'either'),
  binding: oneOf('required'),
  dpop: (value) => (value === true ? [] : ['must be true, or absent']),
  clients: checkClients,
  issuers: checkIssuers,
  verifier: (value) =>
    isJsonObject(value) && typeof value['verifyAccessToken'] === 'function'
      ? []
      : ['must have the method verifyAccessToken(token)'],
  authorizationServers: (value) =>
    Array.isArray(value) && value.length > 0 && value.every(isHttpsUrl)
      ? []
      : ['must be a list of the https issuer identifiers of at least one authorization server'],
}

/**
 * Checks the option `oauth` as a program gave it. Returns every problem as advice that names its place
 * (`oauth.issuers[0].jwks must be …`); none is an empty list. Whether patterns of `clients` can be read is
 * not checked, nor that an authorization server answers.
 */
export function checkOAuthOptions(value: unknown): string[] {
  if (!isJsonObject(value))
    return ['oauth must be an object: at least { resource, issuers: [{ issuer }] }']
  return [
    ...checkMembers(value, { path: 'oauth', members, required: ['resource'] }),
    ...checkTogether(value),
    ...checkClientIssuers(value['clients'], issuersOf(value)),
  ]
}

function issuersOf({ issuers, authorizationServers }: JsonObject): readonly unknown[] {
  if (!Array.isArray(issuers))
    return Array.isArray(authorizationServers) ? authorizationServers : []
  return issuers.map((one: unknown) => (isJsonObject(one) ? one['issuer'] : one))
}

function checkTogether(value: JsonObject): readonly string[] {
  const { issuers, verifier, authorizationServers, binding } = value
  const requirement = value['require'] ?? 'both'
  const rules: readonly (readonly [boolean, string])[] = [
    [
      issuers === undefined && verifier === undefined,
      'oauth needs issuers, or a verifier of your own',
    ],
    [
      issuers !== undefined && verifier !== undefined,
      'oauth takes issuers or a verifier, not both',
    ],
    [
      verifier !== undefined && authorizationServers === undefined,
      'oauth.authorizationServers is required beside oauth.verifier: the metadata names them',
    ],
    [
      verifier === undefined && authorizationServers !== undefined,
      'oauth.authorizationServers goes with oauth.verifier only: of issuers the metadata names each',
    ],
    [
      binding !== undefined && requirement !== 'both',
      "oauth.binding goes with require 'both' only: elsewhere there may be no certificate to be bound to",
    ],
  ]
  return rules.flatMap(([broken, advice]) => (broken ? [advice] : []))
}

/** RFC 8707 section 2, in the one spelling tokens are compared with. */
function isCanonicalResource(value: unknown): boolean {
  if (!isHttpsUrl(value) || value.includes('#')) return false
  const { href } = new URL(value)
  return href === value || href === `${value}/`
}
