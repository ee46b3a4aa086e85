import { describe, expect, it } from 'vitest'
import type { Call, GuardContext } from '../../src/guard/context.js'
import { rememberedAnswers } from '../../src/guard/remembered-answers.js'
import { definePolicy } from '../../src/policy/define.js'
import { holderOf } from '../policy/peer.js'

const policy = definePolicy({
  version: 1,
  roles: { reader: { tools: ['search'] }, writer: { tools: ['edit'] } },
})

function answersOf(role: string, observing = false) {
  const context = { settings: { observing } } as unknown as GuardContext
  return rememberedAnswers(context, { policy, principal: holderOf(role) } as unknown as Call)
}

describe('remembered answers', () => {
  it('D20 are shared by callers with the same roles', () => {
    const text = '{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}'
    answersOf('reader')?.note(text, text)
    expect(answersOf('reader')?.find(text)).toBe(text)
    expect(answersOf('writer')?.find(text)).toBeUndefined()
  })

  it('D20 are none while observing, when all that is hidden is recorded each time', () => {
    expect(answersOf('reader', true)).toBeUndefined()
  })

  it('D20 are none for a caller without a role', () => {
    expect(answersOf('nobody')).toBeUndefined()
  })
})
