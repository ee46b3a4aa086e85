import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { AuditFacts } from '../../src/audit/event.js'
import { withoutRole } from '../../src/guard/answer.js'
import { authorize } from '../../src/guard/authorize.js'
import type { Call, GuardContext } from '../../src/guard/context.js'
import { readOptions } from '../../src/guard/read-options.js'
import type { Answer } from '../../src/http/write-answer.js'
import { holderOf } from '../policy/peer.js'
import { policy } from './stage.js'

describe('authorize', () => {
  it.each(['GET', 'DELETE'])(
    'D28 refuses %s of a principal without a role, should one have come so far',
    async (method) => {
      const events: AuditFacts[] = []
      const answers: Answer[] = []
      const context = {
        settings: readOptions({ policy }),
        audit: (facts: AuditFacts) => void events.push(facts),
        answer: (_res: ServerResponse, answer: Answer) => void answers.push(answer),
      } as unknown as GuardContext
      const req = Object.assign(new IncomingMessage(new Socket()), { method })
      const res = new ServerResponse(req)
      const principal = holderOf()
      const call: Call = { req, res, principal, policy, body: undefined, querySession: undefined }
      expect(await authorize(context, call)).toBeUndefined()
      expect(answers).toEqual([withoutRole()])
      expect(events).toMatchObject([{ effect: 'deny', method, reason: 'no-role', principal }])
      expect(req).not.toHaveProperty('auth')
    },
  )
})
