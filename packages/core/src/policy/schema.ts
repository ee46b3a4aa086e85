import { z } from 'zod'
import { type CertificateKey, parseCertificatePattern } from './certificate-pattern.js'
import { type ConditionalList, parseCondition } from './condition.js'
import type { PolicyDefinition } from './definition.js'
import { parseMethodName } from './method-name.js'
import { parseNamePattern } from './pattern.js'
import { parseResourcePattern } from './resource-uri.js'
import { list, type Parse, pattern } from './schema-parts.js'
import { checkScope } from './token-pattern.js'
import { tokenKeys, tokenSchema } from './token-schema.js'

const scopes = list(pattern(checkScope)).optional()
const deniedTool = z.strictObject({ name: pattern(parseNamePattern), when: condition('tools') })
const allowedTool = deniedTool.extend({
  scopes,
  ui: z.literal(true, { error: 'must be true, or left out: remove the key' }).optional(),
})
const deniedPrompt = z.strictObject({ name: pattern(parseNamePattern), when: condition('prompts') })
const deniedResource = z.strictObject({
  uri: pattern(parseResourcePattern),
  when: condition('resources'),
})
const allowedPrompt = deniedPrompt.extend({ scopes })
const allowedResource = deniedResource.extend({ scopes })
const roleNameList = list(z.string())

const denySchema = z.strictObject({
  tools: entryList(parseNamePattern, deniedTool).optional(),
  prompts: entryList(parseNamePattern, deniedPrompt).optional(),
  resources: entryList(parseResourcePattern, deniedResource).optional(),
  methods: list(pattern(parseMethodName)).optional(),
})
const roleSchema = denySchema.extend({
  extends: roleNameList.optional(),
  tools: entryList(parseNamePattern, allowedTool).optional(),
  prompts: entryList(parseNamePattern, allowedPrompt).optional(),
  resources: entryList(parseResourcePattern, allowedResource).optional(),
  deny: denySchema.optional(),
})
const assignmentSchema = z.strictObject({
  authority: certificateKey('authority'),
  spiffe: certificateKey('spiffe'),
  uri: certificateKey('uri'),
  dns: certificateKey('dns'),
  email: certificateKey('email'),
  cn: certificateKey('cn'),
  ou: certificateKey('ou'),
  o: certificateKey('o'),
  issuer: certificateKey('issuer'),
  thumbprint: certificateKey('thumbprint'),
  certificate: z
    .literal('any', {
      error:
        'must be "any", or left out: write what the certificate has to be under keys such as "dns"',
    })
    .optional(),
  token: tokenSchema.optional(),
  challenge: z.literal('tool-result', { error: 'must be "tool-result", or left out' }).optional(),
  roles: roleNameList,
})

/** The shape of a policy; every object is strict, so an unknown key is an issue. Used when a policy loads, never later. */
export const policySchema: z.ZodType<PolicyDefinition> = z.strictObject({
  version: z.literal(1, {
    error: 'must be the number 1: begin the policy with "version: 1"',
  }),
  roles: z.record(z.string(), roleSchema).optional(),
  assignments: list(assignmentSchema).optional(),
})

/** The keys of an assignment that ask something of a certificate. */
export const certificateKeys: readonly CertificateKey[] = assignmentSchema
  .keyof()
  .exclude(['certificate', 'token', 'challenge', 'roles']).options

/** The keys that are known at a place of a policy, for advice about a key that is not. */
export function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  if (path.length === 0) return ['version', 'roles', 'assignments']
  if (path[0] === 'assignments' && path[2] === 'token') return tokenKeys
  if (path[0] === 'assignments') return assignmentSchema.keyof().options
  if (path.length === 2) return roleSchema.keyof().options
  if (path.at(-1) === 'deny') return denySchema.keyof().options
  return knownEntryKeys(path)
}

function knownEntryKeys(path: readonly PropertyKey[]): readonly string[] {
  const list = path.at(-2)
  const denies = path[2] === 'deny'
  if (list === 'prompts') return (denies ? deniedPrompt : allowedPrompt).keyof().options
  if (list === 'resources') return (denies ? deniedResource : allowedResource).keyof().options
  return (denies ? deniedTool : allowedTool).keyof().options
}

function entryList<Entry extends z.ZodType>(parse: Parse, entry: Entry) {
  return list(z.union([pattern(parse), entry]))
}

function condition(list: ConditionalList) {
  return pattern((text) => parseCondition(list, text)).optional()
}

function certificateKey(key: CertificateKey) {
  const value = pattern((text) => parseCertificatePattern(key, text))
  return z.union([value, list(value)]).optional()
}
