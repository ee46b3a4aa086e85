import { writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import type { WatchOptions } from '../../src/watch/watch-files.js'
import { createFolder } from '../policy/k8s-volume.js'
import { openScene, send, spiffeId } from './stage.js'

const watched = vi.hoisted((): { change?: () => Promise<void> } => ({}))

// The file is written a hundred times in two seconds; that the watch sees one is shown elsewhere.
vi.mock('../../src/watch/watch-files.js', async (importOriginal) => ({
  ...(await importOriginal<typeof import('../../src/watch/watch-files.js')>()),
  watchFiles: ({ onChange }: WatchOptions) => {
    watched.change = onChange
    return { close: () => undefined }
  },
}))

const reloads = 100

/** Version n of the policy allows the tools of its own, and no other; every fifth is broken. */
function versionOf(index: number): string {
  if (index % 5 === 4) return broken[((index / 5) % broken.length) | 0] ?? ''
  return `version: 1
roles: { reader: { tools: [both, v${index}, w${index}], deny: { tools: [d${index}] } } }
assignments: [{ spiffe: '${spiffeId}', roles: [reader] }]
`
}

const broken = [
  'version: 1\nroles: {',
  '',
  'version: 1\nassignments: [{ dns: a, roles: [none] }]\n',
]

function goodBefore(index: number): number {
  return index % 5 === 4 ? index - 1 : index
}

const names = Array.from({ length: reloads + 1 }, (_, index) => [`v${index}`, `w${index}`]).flat()
const list = { tools: ['both', ...names].map((name) => ({ name })) }

it('D36 of fifty requests a second during a hundred reloads, twenty of them bad, each sees one snapshot', async () => {
  const path = `${await createFolder()}/policy.yaml`
  await writeFile(path, versionOf(0))
  let written = 0
  let inForce = 0
  const scene = await openScene({
    policy: path,
    limits: { batch: 2 },
    authorize: () => sleep(15, true),
    answer: JSON.stringify([
      { jsonrpc: '2.0', id: 1, result: {} },
      { jsonrpc: '2.0', id: 2, result: list },
    ]),
  })
  await scene.guard.ready

  /** Which snapshot answered, from what one request was shown and allowed. */
  async function probe(): Promise<void> {
    const from = goodBefore(inForce)
    const body = [
      { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: `v${from}` } },
      { jsonrpc: '2.0', id: 2, method: 'tools/list' },
    ]
    const { json } = await send(scene, { body })
    const until = goodBefore(written)
    const [called, shown] = json as { result?: { tools?: { name: string }[] } }[]
    if (called?.result === undefined) {
      expect(until, 'denied by the snapshot it was sent under').toBeGreaterThan(from)
      return
    }
    const seen = shown?.result?.tools?.map(({ name }) => name)
    expect(seen, 'shown by the snapshot that allowed').toEqual(['both', `v${from}`, `w${from}`])
  }

  // A slow machine sends fewer, and not ever more at once.
  const probes: Promise<unknown>[] = []
  let open = 0
  const every = setInterval(() => {
    if (open >= 8) return
    open += 1
    const settled = probe().catch((error: unknown) => error)
    probes.push(
      settled.finally(() => {
        open -= 1
      }),
    )
  }, 20)
  for (let index = 1; index <= reloads; index += 1) {
    written = index
    await writeFile(path, versionOf(index))
    await watched.change?.()
    inForce = index
    await sleep(20)
  }
  clearInterval(every)
  expect((await Promise.all(probes)).filter((problem) => problem !== undefined)).toEqual([])
  const effects = scene.events.filter(({ type }) => type === 'policy').map(({ effect }) => effect)
  expect(effects.filter((effect) => effect === 'reload')).toHaveLength(80)
  expect(effects.filter((effect) => effect === 'reload-failed')).toHaveLength(20)
  expect(probes.length).toBeGreaterThan(50)
  expect(scene.events.filter(({ effect }) => effect === 'allow').length).toBeGreaterThan(50)
}, 60_000)
