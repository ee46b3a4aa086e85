import { fork } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Starts the server in a process of its own. */
export async function startServer(setup) {
  const child = fork(
    fileURLToPath(new URL('server.js', import.meta.url)),
    [JSON.stringify(setup)],
    {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    },
  )
  const events = new EventEmitter()
  const answered = new EventEmitter().setMaxListeners(100)
  child.on('message', ({ id, answer, event, ...told }) => {
    if (event === undefined) answered.emit(id, answer)
    else events.emit(event, told)
  })
  const lost = once(child, 'exit').then(([code]) => {
    throw new Error(`the server ended with ${code}`)
  })
  // Whoever waits for something hears of it.
  lost.catch(() => {})
  const expect = (id) => Promise.race([once(answered, id).then(([answer]) => answer), lost])
  const { port } = await expect(0)
  let last = 0
  return {
    port,
    ask(what) {
      last += 1
      const answer = expect(last)
      child.send({ id: last, ask: what })
      return answer
    },
    /** Resolves with the next `update` (a change is in force) or `error` (one was not taken). */
    next: (event, milliseconds = 15_000) =>
      Promise.race([
        once(events, event, { signal: AbortSignal.timeout(milliseconds) }).then(([told]) => told),
        lost,
      ]).catch((cause) => {
        throw new Error(`the server told of no ${event}`, { cause })
      }),
    stop: () => child.kill(),
  }
}
