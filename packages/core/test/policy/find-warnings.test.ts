import { describe, expect, it } from 'vitest'
import { buildPolicy } from '../../src/policy/build-policy.js'
import { definePolicy } from '../../src/policy/define.js'
import { parsePolicyDocument } from '../../src/policy/parse-document.js'

describe('what a deny of a name warns of', () => {
  const brackets =
    'denies this very name alone: only "*" stands for other characters, so write each name out'
  const space = 'begins or ends with white space, which names of tools and prompts hardly have'

  it.each([
    ['docs.{purge,drop}', brackets],
    ['docs.?', brackets],
    ['docs.[ab]', brackets],
    ['docs.purge ', space],
    ['\tdocs.purge', space],
    ['docs.*\u00a0', space],
  ])('D38 %j', (name, message) => {
    const deny = { tools: ['docs.purge', name], prompts: [{ name, when: 'true' }] }
    const policy = definePolicy({ version: 1, roles: { r: { tools: ['*'], deny } } })
    expect(policy.warnings).toEqual([
      `definePolicy: roles.r.deny.tools[1]: ${message}`,
      `definePolicy: roles.r.deny.prompts[0].name: ${message}`,
    ])
  })

  it('D38 tells the line', () => {
    const text = 'version: 1\nroles:\n  r:\n    deny:\n      tools: ["docs.{a,b}"]\n'
    const policy = buildPolicy(parsePolicyDocument('policy.yaml', text, 'yaml'))
    expect(policy.warnings).toEqual([`policy.yaml:5:15: roles.r.deny.tools[0]: ${brackets}`])
  })

  it('is silent about other names, and about what is allowed', () => {
    const deny = { tools: ['docs.*', 'a b', 'caf\u00e9'], resources: ['db://a/{id}', 'db://a?b'] }
    const policy = definePolicy({ version: 1, roles: { r: { tools: ['docs.{a}'], deny } } })
    expect(policy.warnings).toEqual([])
  })
})
