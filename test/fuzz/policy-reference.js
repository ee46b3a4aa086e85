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

/** The roles of a certificate, sorted. */
export function rolesOf(definition, certificate) {
  const assigned = (definition.assignments ?? []).filter((assignment) =>
    selectors.every((key) => matchesKey(assignment, key, certificate)),
  )
  return [...new Set(assigned.flatMap(({ roles }) => roles))].sort()
}

/** Whether roles could allow a name of a list (`tools`, `prompts`, `methods`), whatever the conditions. */
export function mayAllow(definition, roles, { list, name }) {
  const all = withInherited(definition, roles)
  const allowed = all.some((role) => (role[list] ?? []).some((entry) => matchesName(entry, name)))
  const denied = all.some((role) =>
    (role.deny?.[list] ?? []).some((entry) => entry.when === undefined && matchesName(entry, name)),
  )
  return allowed && !denied
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
