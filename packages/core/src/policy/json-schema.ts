import { z } from 'zod'
import { isJsonObject, type JsonObject } from '../mcp/json-object.js'
import { roleName } from './check-references.js'
import { certificateKeys, policySchema } from './schema.js'

/** A role is named as the loader wants it, and not `constructor`. */
const rolePattern = `^(?!constructor$)${roleName.source.slice(1)}`

const name = 'A name, or a pattern in which "*" is any run of characters.'
const when =
  'A condition in CEL. An allow entry matches where it is true, a deny entry where it is anything but false.'
const scopes =
  'OAuth scopes the token has to carry, all of them; a caller who lacks one is told which.'
const entries = (what: string, verb: string) =>
  `${what} the role ${verb}: names or patterns, or objects that say more.`

/** What editors show, by the keys that lead to a place. */
const descriptions: Readonly<Record<string, string>> = {
  version: 'The version of the language: 1.',
  roles: 'Named sets of permissions. What no role of a caller allows is denied.',
  'roles.extends': 'Roles whose allows and denies this role has too.',
  'roles.tools': entries('Tools', 'may call'),
  'roles.tools.name': name,
  'roles.tools.scopes': scopes,
  'roles.tools.when': `${when} Variables: args, tool, principal, certificate, token.`,
  'roles.tools.ui':
    'The tool has a user interface (MCP Apps): the role may read every ui:// resource.',
  'roles.prompts': entries('Prompts', 'may get'),
  'roles.prompts.name': name,
  'roles.prompts.scopes': scopes,
  'roles.prompts.when': `${when} Variables: args, prompt, principal, certificate, token.`,
  'roles.resources': entries('Resources', 'may read and subscribe to'),
  'roles.resources.uri':
    'A URI, or a pattern with "*" for one segment and a final "/**" for a subtree.',
  'roles.resources.scopes': scopes,
  'roles.resources.when': `${when} Variables: uri, principal, certificate, token.`,
  'roles.methods': "Methods of extensions, such as skills/list: exact names, none of MCP's own.",
  'roles.deny': 'What the role may never do, whatever another role of the caller allows.',
  'roles.deny.tools': entries('Tools', 'may never call'),
  'roles.deny.prompts': entries('Prompts', 'may never get'),
  'roles.deny.resources': entries('Resources', 'may never read'),
  'roles.deny.methods': 'Methods of extensions the role may never call.',
  assignments: 'Callers and the roles they get.',
  'assignments.authority':
    'The authority that vouches for the certificate, by its name in the TLS options.',
  'assignments.spiffe': 'SPIFFE IDs: exact, with "*" for one segment, or with a final "/**".',
  'assignments.uri': 'URI names of the certificate.',
  'assignments.dns': 'DNS names of the certificate; "*." for one first label.',
  'assignments.email': 'Email names of the certificate, exact.',
  'assignments.cn': 'The common name; it needs "cn" among the kinds of the option identity.',
  'assignments.ou': 'Organizational units of the subject.',
  'assignments.o': 'Organizations of the subject.',
  'assignments.issuer': 'The name of the issuer (RFC 4514). It only narrows.',
  'assignments.thumbprint': 'x5t#S256: the SHA-256 of the certificate in base64url.',
  'assignments.certificate': 'Any certificate that was verified, in words.',
  'assignments.token':
    'Access tokens: any, or what they have to hold. All keys have to match; of a list, any one value.',
  'assignments.token.issuer': 'The issuer, as in the option oauth.issuers.',
  'assignments.token.kind': 'Whom the token speaks for: a user, or an OAuth client itself.',
  'assignments.token.subject': 'The sub of a user; never of a client.',
  'assignments.token.client': 'The OAuth client the token was issued to, for a user or for itself.',
  'assignments.token.scopes': 'Scopes of which the token carries one.',
  'assignments.token.claims':
    'Claims by name: a value, a list of which one has to match, or a mapping for the members of an object.',
  'assignments.challenge':
    'How these callers are told that they need a token or more scope: in the result of the tool.',
  'assignments.roles': 'The roles the caller gets.',
}

/**
 * The JSON Schema of a policy (draft 2020-12), for editors. It knows shape, keys and names of roles;
 * what a pattern or a condition says, and whether a role exists, is checked when the policy loads.
 */
export function toJsonSchema(): JsonObject {
  const schema = z.toJSONSchema(policySchema, { target: 'draft-2020-12' })
  return { title: 'Policy of mcp-mtls', ...complete(toJsonObject(schema), []) }
}

// Not by zod's own means: places that share a type would share what is said of them.
function complete(schema: JsonObject, path: readonly string[]): JsonObject {
  const children = Object.entries(schema).map(([key, value]) => [
    key,
    completeValue(value, [...path, key]),
  ])
  return { ...describe(path), ...Object.fromEntries(children), ...narrow(schema, path) }
}

function completeValue(value: unknown, path: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => completeValue(item, path))
  return isJsonObject(value) ? complete(value, path) : value
}

function describe(path: readonly string[]): JsonObject {
  const keys = path.filter((_, index) => path[index - 1] === 'properties').join('.')
  // What an entry of a deny can hold means there what it means in an allow.
  const description = descriptions[keys.replace(/^roles\.deny\.(?=\w+\.)/, 'roles.')]
  return path.at(-2) === 'properties' && description !== undefined ? { description } : {}
}

/** What the loader checks apart from the shape, as far as JSON Schema can say it. */
function narrow(schema: JsonObject, path: readonly string[]): JsonObject {
  const place = path.join('.')
  if (place === 'properties.roles.propertyNames') return { pattern: rolePattern }
  if (place === 'properties.assignments.items') {
    const named = certificateKeys.filter((key) => key !== 'issuer')
    const selecting = [...named, 'certificate', 'token']
    return { anyOf: selecting.map((key) => ({ required: [key] })) }
  }
  // A mapping of nothing in a token would match everything.
  if (schema['type'] === 'object' && (path.includes('token') || path[0] === '$defs')) {
    return { minProperties: 1 }
  }
  return schema['type'] === 'string' ? { minLength: 1 } : {}
}

function toJsonObject(value: unknown): JsonObject {
  const copy: unknown = JSON.parse(JSON.stringify(value))
  if (!isJsonObject(copy)) throw new Error('a JSON Schema that is no object')
  return copy
}
