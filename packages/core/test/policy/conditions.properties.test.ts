import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Operation } from '../../src/mcp/operation.js'
import { decide } from '../../src/policy/decide.js'
import { definePolicy } from '../../src/policy/define.js'
import { holderOf } from './peer.js'

const conditions = [
  'args.env in ["dev", "staging"]',
  'args.n <= 5',
  'args.l.all(x, x.a == 1)',
  'args.l.exists(x, x == "a")',
  'args.all(k, k != "x")',
  'args == {"a": 1.0}',
  'args.a == args.b',
  'size(args.l) < 3 || args.env.startsWith("d")',
  'has(args.a.b) && args.a.b',
  'int(args.n) % 2 == 0',
  'args.env.matches("^(a+)+$")',
  'string(args.n) == "1"',
  '!args.flag',
]

/** What one condition makes of a call: whether it allows alone, and whether its deny lets through. */
function rolesOf(when: string) {
  return {
    allows: { tools: [{ name: 't', when }] },
    denies: { tools: ['t'], deny: { tools: [{ name: 't', when }] } },
  }
}

const policies = conditions.map((when) => definePolicy({ version: 1, roles: rolesOf(when) }))

const key = fc.oneof(
  fc.constantFrom(
    'env',
    'n',
    'l',
    'a',
    'b',
    'flag',
    '$typeName',
    'constructor',
    'value',
    '__proto__',
  ),
  fc.string(),
)
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('dev', 'google.protobuf.StringValue', 'a', 1, 5, true, false, null, Number.NaN),
    fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
    fc.array(tie('value')),
    fc.dictionary(key, tie('value')),
  ),
}))

describe('conditions and whatever is sent', () => {
  it('D08 decide answers, always the same, and nothing is allowed and denied at once', () => {
    const args = fc.dictionary(key, value)
    fc.assert(
      fc.property(fc.constantFrom(...policies), args, (policy, given) => {
        const operation: Operation = { kind: 'tool', name: 't', args: given }
        const allows = decide(policy, holderOf('allows'), operation).effect
        const denies = decide(policy, holderOf('denies'), operation).effect
        expect(decide(policy, holderOf('allows'), operation).effect).toBe(allows)
        // What the condition is true of, its deny denies; and so it does what is neither true nor false.
        if (allows === 'allow') expect(denies).toBe('deny')
        if (denies === 'allow') expect(allows).toBe('deny')
      }),
      { numRuns: 1_000 },
    )
  })

  it('D08 with plain JSON, membership is what JavaScript says it is', () => {
    const [policy] = policies
    if (policy === undefined) throw new Error('no policy')
    fc.assert(
      fc.property(
        fc.dictionary(key, fc.jsonValue()),
        fc.oneof(fc.jsonValue(), fc.constantFrom('dev', 'DEV')),
        (rest, env) => {
          const operation: Operation = { kind: 'tool', name: 't', args: { ...rest, env } }
          const expected = env === 'dev' || env === 'staging' ? 'allow' : 'deny'
          expect(decide(policy, holderOf('allows'), operation).effect).toBe(expected)
        },
      ),
      { numRuns: 1_000 },
    )
  })
})
