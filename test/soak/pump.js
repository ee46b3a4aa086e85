import { setTimeout as sleep } from 'node:timers/promises'
import { createCaller } from './call.js'

/**
 * Sends one request after the other, as whoever `holder.current` is by then, and has each judged, until it is
 * stopped.
 */
function startPump({ name, port, ledger, holder, kept, tool }) {
  let stopped = false
  let using
  let caller
  async function run() {
    while (!stopped) {
      if (using !== holder.current) {
        caller?.close()
        using = holder.current
        caller = createCaller({ port, credential: using.credential, kept, tool })
      }
      await ledger.judge(name, using, caller.call)
      await sleep(10)
    }
    caller?.close()
  }
  const ended = run()
  return {
    /** Whether nothing is under way any more as whoever it was before. */
    isCurrent: () => using === holder.current,
    stop() {
      stopped = true
      return ended
    },
  }
}

/** Ten that go by `steady` and `moving`, on kept and on fresh connections, for JSON and for event streams. */
export function startPumps(setup, { steady, moving, watched }) {
  const kinds = [true, false].flatMap((kept) =>
    ['search', 'stream'].map((tool) => ({ kept, tool })),
  )
  const start = (name, holder, { kept, tool }) =>
    startPump({
      ...setup,
      name: `${name}, ${kept ? 'kept' : 'fresh'}, ${tool}`,
      holder,
      kept,
      tool,
    })
  return [
    ...kinds.map((kind) => start('steady', steady, kind)),
    ...[...kinds, ...kinds.slice(0, 2)].map((kind) => start('moving', moving, kind)),
    ...Object.entries(watched).flatMap(([name, party]) =>
      [true, false].map((kept) => start(name, { current: party }, { kept, tool: 'search' })),
    ),
  ]
}
