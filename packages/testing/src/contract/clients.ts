import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ClientLine, connect, type McpClient } from '../clients.js'
import { principalNames } from '../policy.js'
import { combinations, createMcpFixture } from '../servers.js'
import type { Scene, Stage } from './stage.js'

/** Real SDK clients of each line against every kind of server. */
export function describeClients(stage: Stage): void {
  describe.each(combinations)('$kind in $mode mode', ({ kind, mode, lines }) => {
    const fixture = createMcpFixture(kind, mode)
    let scene: Scene

    beforeAll(async () => {
      scene = await stage.open({ fixture })
    })
    afterAll(() => scene.stop())
    beforeEach(() => {
      fixture.calls.length = 0
    })

    const as = async (
      who: 'reader' | 'operator',
      line: ClientLine,
      act: (client: McpClient) => Promise<void>,
    ) => {
      const certificate = stage.certificates.clients[who]
      const client = await connect(scene.url, { certificate, line })
      await act(client).finally(() => client.close())
    }

    describe.each(lines)('a %s client', (line) => {
      it('D19 lists only what its role may use', () =>
        as('reader', line, async (client) => {
          expect(await client.listTools()).toEqual(['search', 'docs.read'])
          expect(await client.listPrompts()).toEqual(['greet'])
          expect(await client.listResources()).toEqual(['file:///public/readme'])
          expect(await client.listResourceTemplates()).toEqual(['file:///public/{name}'])
        }))

      it('calls an allowed tool, whose handler sees the principal as clientId', () =>
        as('reader', line, async (client) => {
          const text = `docs.read for ${principalNames.reader}`
          expect(await client.callTool('docs.read')).toEqual({ text, isError: false })
          expect(fixture.calls).toEqual(['docs.read'])
        }))

      it.each(['docs.purge', 'deploy', 'no-such-tool'])(
        'gets code -31403 for the tool %s, which never runs',
        (tool) =>
          as('reader', line, async (client) => {
            await expect(client.callTool(tool)).rejects.toMatchObject({ code: -31403 })
            expect(fixture.calls).toEqual([])
          }),
      )

      it('gets an allowed prompt and is denied another', () =>
        as('reader', line, async (client) => {
          expect(await client.getPrompt('greet')).toBe(`greet for ${principalNames.reader}`)
          await expect(client.getPrompt('secret-brief')).rejects.toMatchObject({ code: -31403 })
          expect(fixture.calls).toEqual(['greet'])
        }))

      it('D10 reads allowed resources, listed or expanded from a template, and is denied others', () =>
        as('reader', line, async (client) => {
          const allowed = ['file:///public/readme', 'file:///public/notes']
          for (const uri of allowed) {
            expect(await client.readResource(uri)).toBe(`${uri} for ${principalNames.reader}`)
          }
          const denied = [
            'file:///private/keys',
            'file:///private/notes',
            'file:///public/../private/keys',
          ]
          for (const uri of denied) {
            await expect(client.readResource(uri)).rejects.toMatchObject({ code: -31403 })
          }
          expect(fixture.calls).toEqual(allowed)
        }))

      it('sees its own tools and name while another principal calls in turn', () =>
        as('reader', line, (reader) =>
          as('operator', line, async (operator) => {
            for (let turn = 0; turn < 3; turn += 1) {
              expect(await reader.listTools()).toEqual(['search', 'docs.read'])
              expect(await operator.listTools()).toEqual(['search', 'docs.read', 'deploy'])
              const text = `deploy for ${principalNames.operator}`
              expect(await operator.callTool('deploy')).toEqual({ text, isError: false })
              await expect(reader.callTool('deploy')).rejects.toMatchObject({ code: -31403 })
              await expect(operator.callTool('docs.purge')).rejects.toMatchObject({ code: -31403 })
            }
            expect(fixture.calls).toEqual(['deploy', 'deploy', 'deploy'])
          }),
        ))
    })
  })

  it.each(['v1 stateful', 'v1 stateless', 'v2 transport', 'v2 handler'] as const)(
    'lets a client that probes for the modern revision agree with %s',
    async (kind) => {
      await stage.play({ fixture: createMcpFixture(kind, 'JSON') }, async ({ url }) => {
        const certificate = stage.certificates.clients.reader
        const client = await connect(url, { certificate, line: 'v2-auto' })
        expect(await client.listTools()).toEqual(['search', 'docs.read'])
        await client.close()
      })
    },
  )
}
