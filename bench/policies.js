import { definePolicy } from '@mcp-mtls/core'
import { clientId } from './certificates.js'

const words = ['search', 'deploy', 'notes', 'issues', 'build', 'files', 'mail', 'graph']

/** The name of the n-th tool of the long list; the caller may see those of `search`, one in ten. */
export function toolName(index) {
  const word = index % 10 === 0 ? 'search' : words[1 + (index % (words.length - 1))]
  return `${word}.tool-${index}`
}

/**
 * The policy of the benchmarks. `assignments` and `roles` say how large it is made; the caller is
 * named in the last assignment and holds the last role. With `token` its roles take a token too.
 */
export function benchPolicy({ assignments = 10, roles = 10, token = false } = {}) {
  const names = Array.from({ length: roles }, (_, index) => `role-${index}`)
  const last = names.at(-1)
  const role = (name) => ({
    tools: name === last ? ['echo', 'search.*'] : [`${name}.*`, `${name}-only`],
    prompts: [`${name}-prompt`],
    resources: [`file:///${name}/**`],
    deny: { tools: [`${name}.purge`] },
  })
  const others = Array.from({ length: assignments - 1 }, (_, index) => ({
    spiffe: `spiffe://acme.test/agents/agent-${index}`,
    roles: [names[index % names.length]],
  }))
  const beside = token ? { token: 'any' } : {}
  return definePolicy({
    version: 1,
    roles: Object.fromEntries(names.map((name) => [name, role(name)])),
    assignments: [...others, { spiffe: clientId, roles: [last] }].map((one) => ({
      ...one,
      ...beside,
    })),
  })
}
