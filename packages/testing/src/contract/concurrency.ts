import { describe, expect, it } from 'vitest'
import { connect, type McpClient } from '../clients.js'
import { principalNames } from '../policy.js'
import { createMcpFixture } from '../servers.js'
import type { Stage } from './stage.js'

const fleets = [
  { kind: 'v1 stateful', line: 'v1' },
  { kind: 'v2 transport', line: 'v2-legacy' },
  { kind: 'v2 handler', line: 'v2-modern' },
] as const

interface Member {
  readonly client: McpClient
  readonly who: 'reader' | 'operator'
  readonly name: string
}

/** Many clients at once, whose messages carry the same ids: each gets its own answers. */
export function describeConcurrency(stage: Stage): void {
  describe('many clients at once', () => {
    it.each(fleets)(
      'CVE-2026-25536 get their own answers alone ($kind, $line)',
      async ({ kind, line }) => {
        await stage.play({ fixture: createMcpFixture(kind, 'SSE') }, async ({ url }) => {
          const fleet = await Promise.all(
            Array.from({ length: 12 }, async (_, index): Promise<Member> => {
              const who = index % 2 === 0 ? 'reader' : 'operator'
              const certificate = stage.certificates.clients[who]
              const client = await connect(url, { certificate, line })
              return { client, who, name: `${who}-${index}` }
            }),
          )
          await Promise.all(fleet.flatMap((member) => [1, 2, 3].map((turn) => play(member, turn))))
          await Promise.all(fleet.map(({ client }) => client.close()))
        })
      },
    )
  })
}

async function play({ client, who, name }: Member, turn: number): Promise<void> {
  const query = `${name}-${turn}`
  const [answer, tools, denied] = await Promise.all([
    client.callTool('search', { query }),
    client.listTools(),
    client.callTool('docs.purge', { query }).catch((error: unknown) => error),
  ])
  expect(answer.text).toBe(`search for ${principalNames[who]}: ${query}`)
  expect(tools).toEqual(who === 'reader' ? readerTools : [...readerTools, 'deploy'])
  expect(denied).toMatchObject({ code: -31403 })
}

const readerTools = ['search', 'docs.read']
