import { isJsonObject } from '../mcp/json-object.js'
import { checkMembers, isTextOrList, type MemberCheck, place } from './check-members.js'

const criteria = ['authority', 'spiffe', 'uri', 'dns', 'email', 'cn', 'thumbprint'] as const

const isText: MemberCheck = (value) =>
  isTextOrList(value) ? [] : ['must be a text, or a non-empty list of texts']

const members = Object.fromEntries([...criteria, 'client'].map((name) => [name, isText]))

/** Checks the option `oauth.clients`. An entry that names no certificate would fit every one. */
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
