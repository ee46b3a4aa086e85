import { isJsonObject, type JsonObject } from '../mcp/json-object.js'
import { isHttpsUrl } from './bounded-fetch.js'
import {
  checkMembers,
  isTextOrList,
  type MemberCheck,
  type MemberChecks,
  place,
} from './check-members.js'

const criteria = ['authority', 'spiffe', 'uri', 'dns', 'email', 'cn', 'thumbprint'] as const

const isText: MemberCheck = (value) =>
  isTextOrList(value) ? [] : ['must be a text, or a non-empty list of texts']

const members: MemberChecks = {
  ...Object.fromEntries([...criteria, 'client'].map((name) => [name, isText])),
  tokenIssuer: (value) =>
    typeof value === 'string' ? [] : ['must be the issuer identifier of one authorization server'],
}

/**
 * Checks the option `oauth.clients`. An entry that names no certificate would fit every one. That issuers
 * are named, and known, is checked by `checkClientIssuers`.
 */
export function checkClients(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return ['must be a list such as [{ spiffe, client }]']
  return value.flatMap((entry: unknown, index) =>
    checkMapping(entry).map((advice) => place(`[${index}]`, advice)),
  )
}

function checkMapping(entry: unknown): readonly string[] {
  if (!isJsonObject(entry)) return ['must be an object such as { spiffe, client }']
  const named = criteria.some((name) => entry[name] !== undefined)
  return [
    ...checkMembers(entry, { path: '', members, required: ['client'] }),
    ...(named ? [] : [`must name certificates by at least one of ${criteria.join(', ')}`]),
  ]
}

/** Checks that each entry of `oauth.clients` means the clients of one of these issuers. */
export function checkClientIssuers(
  clients: unknown,
  issuers: readonly unknown[],
): readonly string[] {
  if (!Array.isArray(clients)) return []
  return clients.flatMap((entry: unknown, index) =>
    isJsonObject(entry)
      ? checkIssuer(entry, issuers).map((advice) => `oauth.clients[${index}]${advice}`)
      : [],
  )
}

function checkIssuer(entry: JsonObject, issuers: readonly unknown[]): readonly string[] {
  const { tokenIssuer, client } = entry
  const known = issuers.map((issuer) => JSON.stringify(issuer)).join(', ')
  if (tokenIssuer !== undefined)
    return issuers.includes(tokenIssuer) ? [] : [`.tokenIssuer must be one of ${known}`]
  const isEverywhere = [client].flat().every(isHttpsUrl)
  if (issuers.length < 2 || isEverywhere) return []
  return [`.tokenIssuer is required, since another issuer may call another client so: ${known}`]
}
