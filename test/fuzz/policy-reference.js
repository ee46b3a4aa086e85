/**
 * What a policy means, worked out slowly and without the library: who gets which roles, and what these
 * roles may allow at most. Conditions are taken as met in what allows, and as not met in what denies.
 */

const selectors = [
  'authority',
  'spiffe',
  'uri',
  'dns',
  'email',
  'cn',
  'ou',
  'o',
  'issuer',
  'thumbprint',
]

/** The roles of a caller, sorted. */
export function rolesOf({ assignments = [] }, { certificate, token }) {
  return joinRoles(
    assignments.filter(
      (assignment) => matchesPeer(assignment, certificate) && matchesToken(assignment, token),
    ),
  )
}

/** The roles a caller without a token could get by one, but for those it has. */
export function rolesWithTokenOf(definition, { certificate, token }) {
  if (token !== undefined) return []
  const { assignments = [] } = definition
  const held = rolesOf(definition, { certificate })
  const asking = assignments.filter((each) => each.token !== undefined)
  const offered = joinRoles(asking.filter((each) => matchesPeer(each, certificate)))
  return offered.filter((role) => !held.includes(role))
}

/**
 * Whether roles could allow a name of a list (`tools`, `prompts`, `methods`), whatever the conditions, to
 * a token with the scopes that are held; undefined: to one with all.
 */
export function mayAllow(definition, roles, { list, name, held }) {
  const all = withInherited(definition, roles)
  const suffices = ({ scopes = [] }) => held === undefined || scopes.every((s) => held.includes(s))
  const allowed = all.some((role) =>
    (role[list] ?? []).some((entry) => matchesName(entry, name) && suffices(entry)),
  )
  const denied = all.some((role) =>
    (role.deny?.[list] ?? []).some((entry) => entry.when === undefined && matchesName(entry, name)),
  )
  return allowed && !denied
}

function joinRoles(assignments) {
  return [...new Set(assignments.flatMap(({ roles }) => roles))].sort()
}

function matchesPeer(assignment, certificate) {
  const named = ['certificate', ...selectors].filter((key) => assignment[key] !== undefined)
  if (certificate === undefined) return named.length === 0
  return selectors.every((key) => matchesKey(assignment, key, certificate))
}

function matchesToken({ token: asked }, token) {
  if (asked === undefined) return true
  if (token === undefined) return false
  if (asked === 'any') return true
  const values = {
    issuer: [token.issuer],
    kind: [token.kind],
    subject: token.kind === 'user' ? [token.subject] : [],
    client: [token.clientId],
    scopes: token.scopes,
  }
  return Object.entries(asked).every(([key, wanted]) =>
    key === 'claims'
      ? matchesClaims(wanted, token.claims)
      : [wanted].flat().some((value) => values[key].includes(value)),
  )
}

function matchesClaims(wanted, claims) {
  return Object.entries(wanted).every(([name, matcher]) => {
    if (claims === null || typeof claims !== 'object' || Array.isArray(claims)) return false
    if (!Object.hasOwn(claims, name)) return false
    if (typeof matcher === 'object' && !Array.isArray(matcher))
      return matchesClaims(matcher, claims[name])
    return [matcher].flat().some((value) => [claims[name]].flat().includes(value))
  })
}

function matchesKey(assignment, key, certificate) {
  if (!Object.hasOwn(assignment, key) || assignment[key] === undefined) return true
  const values = valuesOf(certificate)[key]
  return [assignment[key]].flat().some((pattern) => {
    const expression = toExpression(key, pattern)
    return values.some((value) => expression.test(value))
  })
}

function valuesOf({ authority, names, spiffeId, subject, issuer, thumbprint }) {
  return {
    authority: [authority],
    spiffe: [spiffeId.text],
    uri: names.uri,
    dns: names.dns,
    email: names.email,
    cn: subject.commonNames,
    ou: subject.organizationalUnits,
    o: subject.organizations,
    issuer: [issuer.text],
    thumbprint: [thumbprint],
  }
}

/** `*` is a segment, a label or literal, as the key says; `**` only ends a path. */
function toExpression(key, pattern) {
  const literal = pattern.replaceAll(/[\\^$.|?+()[\]{}/]/g, '\\$&')
  if (key === 'dns') return new RegExp(`^${literal.replace(/^\*/, '[^.*]+')}$`)
  if (key !== 'spiffe') return new RegExp(`^${literal.replaceAll('*', '\\*')}$`)
  const rest = literal.replace(/\\\/\*\*$/, '(?:\\/[^/]+)+')
  return new RegExp(`^${rest.replaceAll(/\\\/\*(?=\\\/|\(|$)/g, '\\/[^/]+')}$`)
}

function withInherited({ roles: defined = {} }, roles) {
  const names = new Set(roles)
  for (const name of names) for (const base of defined[name].extends ?? []) names.add(base)
  return [...names].map((name) => defined[name])
}

function matchesName(entry, name) {
  const pattern = typeof entry === 'string' ? entry : entry.name
  const parts = pattern.split('*').map((part) => part.replaceAll(/[\\^$.|?+()[\]{}/]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 's').test(name)
}
