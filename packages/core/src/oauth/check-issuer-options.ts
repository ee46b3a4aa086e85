import { isJsonObject, type JsonObject } from '../mcp/json-object.js'
import { isHttpsUrl } from './bounded-fetch.js'
import {
  checkMembers,
  isTextOrList,
  type MemberCheck,
  type MemberChecks,
  oneOf,
  place,
} from './check-members.js'
import { signatureAlgorithms } from './compact-jws.js'

const httpsUrl: MemberCheck = (value) => (isHttpsUrl(value) ? [] : ['must be an https URL'])

const nonEmptyText: MemberCheck = (value) =>
  typeof value === 'string' && value !== '' ? [] : ['must be a non-empty text']

const introspectionMembers: MemberChecks = {
  url: httpsUrl,
  clientId: nonEmptyText,
  clientSecret: nonEmptyText,
  cacheSeconds: (value) =>
    Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 300
      ? []
      : ['must be a whole number of seconds from 0 to 300'],
}

const members: MemberChecks = {
  issuer: (value) =>
    isHttpsUrl(value) && !/[?#]/.test(value)
      ? []
      : [
          'must be the https issuer identifier, without query and fragment, exactly as tokens hold it in iss',
        ],
  jwks: checkKeys,
  audience: (value) =>
    isTextOrList(value)
      ? []
      : ['must be a text, or a non-empty list of texts, as tokens hold it in aud'],
  profile: oneOf('rfc9068', 'keycloak', 'entra'),
  algorithms: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((alg) => signatureAlgorithms.includes(alg))
      ? []
      : [`must be a non-empty list out of ${signatureAlgorithms.join(', ')}`],
  introspection: (value) =>
    isJsonObject(value)
      ? checkMembers(value, { path: '', members: introspectionMembers, required: ['clientId'] })
      : ['must be an object such as { clientId, clientSecret }'],
  fetch: (value) => (typeof value === 'function' ? [] : ['must be a function such as mtlsFetch']),
}

/** Checks the option `oauth.issuers`. */
export function checkIssuers(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length === 0)
    return ['must be a non-empty list such as [{ issuer: "https://as.acme.test" }]']
  const names = value.map((entry: unknown) => (isJsonObject(entry) ? entry['issuer'] : undefined))
  return value.flatMap((entry: unknown, index) =>
    [
      ...checkIssuer(entry),
      ...(isTwice(names, index) ? ['.issuer is that of another entry: its keys are its own'] : []),
    ].map((advice) => place(`[${index}]`, advice)),
  )
}

function checkIssuer(entry: unknown): readonly string[] {
  if (!isJsonObject(entry)) return ['must be an object such as { issuer: "https://as.acme.test" }']
  return [...checkMembers(entry, { path: '', members, required: ['issuer'] }), ...checkForm(entry)]
}

function checkForm({ profile, introspection }: JsonObject): readonly string[] {
  return profile === 'entra' && introspection !== undefined
    ? ['.introspection does not go with the profile entra, which has none']
    : []
}

/** Private and symmetric keys have members that no public one has (RFC 7518 section 6). */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

function checkKeys(value: unknown): readonly string[] {
  if (isHttpsUrl(value)) return []
  const keys: unknown = isJsonObject(value) ? value['keys'] : undefined
  if (!Array.isArray(keys) || keys.length === 0 || !keys.every(isKey))
    return ['must be an https URL, or a key set: { keys: [{ kty, … }] }']
  return keys.some((key) => secretMembers.some((name) => Object.hasOwn(key, name)))
    ? ['must hold public keys only; take the private members out, and the key out of use']
    : []
}

function isKey(key: unknown): key is JsonObject {
  return isJsonObject(key) && typeof key['kty'] === 'string'
}

function isTwice(names: readonly unknown[], index: number): boolean {
  return names[index] !== undefined && names.indexOf(names[index]) < index
}
