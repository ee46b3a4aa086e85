import { z } from 'zod'
import { ConfigurationError } from '../errors.js'
import { type CertificateKey, parseCertificatePattern } from './certificate-pattern.js'
import { type ConditionalList, parseCondition } from './condition.js'
import type { PolicyDefinition } from './definition.js'
import { parseMethodName } from './method-name.js'
import { parseNamePattern } from './pattern.js'
import { parseResourcePattern } from './resource-uri.js'

type Parse = (text: string) => unknown

const deniedTool = z.strictObject({ name: pattern(parseNamePattern), when: condition('tools') })
const allowedTool = deniedTool.extend({
  ui: z.literal(true, { error: 'must be true, or left out: remove the key' }).optional(),
})
const prompt = z.strictObject({ name: pattern(parseNamePattern), when: condition('prompts') })
const resource = z.strictObject({
  uri: pattern(parseResourcePattern),
  when: condition('resources'),
})
const roleNameList = list(z.string())

const denySchema = z.strictObject({
  tools: entryList(parseNamePattern, deniedTool).optional(),
  prompts: entryList(parseNamePattern, prompt).optional(),
  resources: entryList(parseResourcePattern, resource).optional(),
  methods: list(pattern(parseMethodName)).optional(),
})
const roleSchema = denySchema.extend({
  extends: roleNameList.optional(),
  tools: entryList(parseNamePattern, allowedTool).optional(),
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
  .exclude(['roles']).options

/** The keys that are known at a place of a policy, for advice about a key that is not. */
export function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  if (path.length === 0) return ['version', 'roles', 'assignments']
  if (path[0] === 'assignments') return assignmentSchema.keyof().options
  if (path.length === 2) return roleSchema.keyof().options
  if (path.at(-1) === 'deny') return denySchema.keyof().options
  return knownEntryKeys(path)
}

function knownEntryKeys(path: readonly PropertyKey[]): readonly string[] {
  const list = path.at(-2)
  if (list === 'prompts') return prompt.keyof().options
  if (list === 'resources') return resource.keyof().options
  return (path[2] === 'deny' ? deniedTool : allowedTool).keyof().options
}

function list<Entry extends z.ZodType>(entry: Entry): z.ZodArray<Entry> {
  return z.array(entry).min(1)
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

function pattern(parse: Parse): z.ZodString {
  return z.string().superRefine((text, context) => {
    const message = findProblem(parse, text)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })
}

function findProblem(parse: Parse, text: string): string | undefined {
  try {
    parse(text)
    return undefined
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
}
