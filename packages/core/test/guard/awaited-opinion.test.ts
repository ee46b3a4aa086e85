import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { createPolicyFile } from './policy-file.js'
import { goodFor, withToken } from './short-token.js'
import { callTool, openScene, send } from './stage.js'

it('A22 lets nothing through for a token that expired while the second opinion was waited for', async () => {
  const scene = await openScene({
    policy: withToken,
    oauth: goodFor(1_500),
    authorize: () => sleep(1_800, true),
  })
  const answer = await send(scene, {
    body: callTool('search'),
    headers: { authorization: 'Bearer abc' },
  })
  expect(scene.reached).toEqual([])
  expect(answer.status).toBe(401)
}, 20_000)

it('D36 lets nothing through that the policy forbids when the second opinion has come', async () => {
  const { path, write } = await createPolicyFile('search')
  const authorize = vi.fn(async () => {
    await write('status')
    const reloads = () => scene.events.map(({ effect }) => effect)
    await vi.waitFor(() => expect(reloads()).toContain('reload'), 1_900)
    return true
  })
  const scene = await openScene({ policy: path, authorize })
  const answer = await send(scene, { body: callTool('search') })
  expect(authorize).toHaveBeenCalledOnce()
  expect(scene.reached).toEqual([])
  expect(answer.text).toContain('-31403')
  expect(scene.events.at(-1)).toMatchObject({ type: 'decision', effect: 'deny' })
}, 20_000)

it('goes on under the new policy where that allows the call too', async () => {
  const { path, write } = await createPolicyFile('search', 'status')
  const scene = await openScene({
    policy: path,
    authorize: async () => {
      await write('search', 'deploy')
      const reloads = () => scene.events.map(({ effect }) => effect)
      await vi.waitFor(() => expect(reloads()).toContain('reload'), 1_900)
      return true
    },
  })
  expect((await send(scene, { body: callTool('search') })).status).toBe(200)
  expect(scene.reached).toHaveLength(1)
}, 20_000)
