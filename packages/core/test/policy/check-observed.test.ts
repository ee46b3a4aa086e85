import { describe, expect, it } from 'vitest'
import { PolicyError } from '../../src/errors.js'
import { checkObservedAssignments } from '../../src/policy/check-observed.js'
import { definePolicy } from '../../src/policy/define.js'
import type { AssignmentDefinition } from '../../src/policy/definition.js'

type Role = 'chat' | 'plain' | 'heir'

function check(assignment: AssignmentDefinition<Role>, observed = true): () => void {
  const policy = definePolicy({
    version: 1,
    roles: {
      plain: { tools: ['search'] },
      chat: { tools: ['*'], deny: { tools: ['purge'] } },
      heir: { extends: ['chat'] },
    },
    assignments: [assignment],
  })
  const authorities = [
    { name: 'corp' },
    { name: 'openai', ...(observed && { certificate: 'observe' as const }) },
  ]
  return () => checkObservedAssignments(policy, authorities)
}

describe('assignments to a certificate that is only observed', () => {
  it.each(['chat', 'heir'] as const)(
    'C11 may not give %s, which denies, without a token: leaving the certificate out would shed it',
    (role) => {
      const start = check({ authority: 'openai', roles: [role] })
      expect(start).toThrow(PolicyError)
      expect(start).toThrow('assignments[0]: gives a role that denies something')
    },
  )

  it.each([
    { authority: 'openai', dns: 'mtls.prod.connectors.openai.com' },
    { authority: 'openai', certificate: 'any' },
    { authority: ['corp', 'openai'], cn: 'mtls' },
  ] as const)(
    'C11 may not give what denies for %j, token or not: the rest is shed alone',
    (asked) => {
      expect(check({ ...asked, token: 'any', roles: ['chat'] })).toThrow(
        'assignments[0]: gives a role that denies something',
      )
      expect(check({ ...asked, token: 'any', roles: ['plain'] })).not.toThrow()
    },
  )

  it('may give what denies nothing, what asks for a token, and anything to another authority', () => {
    expect(check({ authority: 'openai', roles: ['plain'] })).not.toThrow()
    expect(check({ authority: 'openai', token: 'any', roles: ['chat'] })).not.toThrow()
    expect(check({ authority: 'corp', roles: ['chat'] })).not.toThrow()
    expect(check({ authority: 'openai', roles: ['chat'] }, false)).not.toThrow()
  })
})
