import { describe, expect, it } from 'vitest'
import { buildPolicy } from '../../src/policy/build-policy.js'
import { definePolicy } from '../../src/policy/define.js'
import type { AssignmentDefinition } from '../../src/policy/definition.js'
import { parsePolicyDocument } from '../../src/policy/parse-document.js'
import { warnSharedCertificates } from '../../src/policy/warn-shared-certificates.js'

const openai = { name: 'openai', challenge: 'tool-result' } as const
const corp = { name: 'corp' }

function warn(
  asked: Partial<AssignmentDefinition<'r'>>,
  authorities: Parameters<typeof warnSharedCertificates>[1] = [openai, corp],
): readonly string[] {
  const assignment = { roles: ['r'], ...asked } as AssignmentDefinition<'r'>
  const policy = definePolicy({ version: 1, roles: { r: {} }, assignments: [assignment] })
  return warnSharedCertificates(policy, authorities)
}

describe('roles on a certificate that many users share', () => {
  it('without a token are warned of, with what to write', () => {
    expect(warn({ authority: 'openai' })).toEqual([
      expect.stringMatching(
        /assignments\[0\] gives "r" to every caller of authority "openai", whose certificate many users share: add "token"/,
      ),
    ])
    expect(warn({ authority: ['corp', 'openai'], dns: 'a.test' })).toHaveLength(1)
    expect(warn({ dns: 'a.test' }, [openai])).toHaveLength(1)
    expect(warn({ certificate: 'any' }, [openai])).toHaveLength(1)
  })

  it.each<
    [string, Partial<AssignmentDefinition<'r'>>, Parameters<typeof warnSharedCertificates>[1]?]
  >([
    ['a token', { authority: 'openai', token: 'any' }],
    ['another authority', { authority: 'corp' }],
    ['no certificate at all', { token: 'any' }],
    [
      'a challenge of their own, which is warned of anyway',
      { authority: 'openai', challenge: 'tool-result' },
    ],
    ['SPIFFE IDs', { spiffe: 'spiffe://corp.test/**' }, [openai]],
    ['an authority whose certificates are its clients own', { certificate: 'any' }, [corp]],
  ])('are not warned of with %s', (_, asked, authorities) => {
    expect(warn(asked, authorities)).toEqual([])
  })

  it('say the line of the policy', () => {
    const text = `version: 1
roles: { r: {} }
assignments:
  - { authority: openai, token: any, roles: [r] }
  - { authority: openai, roles: [r] }
`
    const policy = buildPolicy(parsePolicyDocument('policy.yaml', text, 'yaml'))
    expect(warnSharedCertificates(policy, [openai])).toEqual([
      expect.stringMatching(/^policy\.yaml:5 assignments\[1\] gives "r"/),
    ])
  })
})
