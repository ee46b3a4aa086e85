import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** A child process that answers questions by IPC. Its first message says that it is there. */
async function startChild(file, { args = [], execArgv = [] } = {}) {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    execArgv,
    stdio: ['ignore', 'ignore', process.env.BENCH_DEBUG ? 'inherit' : 'ignore', 'ipc'],
  })
  const waiting = new Map()
  child.on('message', ({ id, answer, error }) => {
    const { resolve, reject } = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) resolve(answer)
    else reject(new Error(error))
  })
  child.on('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} ended with ${code}`))
  })
  let last = 0
  const expect = (id) => new Promise((resolve, reject) => waiting.set(id, { resolve, reject }))
  const first = await expect(0)
  return {
    first,
    ask(ask, question = {}) {
      last += 1
      const answered = expect(last)
      child.send({ id: last, ask, ...question })
      return answered
    },
    stop() {
      waiting.clear()
      child.kill()
    },
  }
}

/** Starts one server; see serve.js for what `setup` may say. */
export async function startServer(setup, execArgv = []) {
  const child = await startChild('serve.js', { args: [JSON.stringify(setup)], execArgv })
  return { ...child, port: child.first.port }
}

/** Starts the process that puts load on servers. */
export function startLoad() {
  return startChild('load.js')
}

/** Runs one measurement in a process of its own, so that no other has warmed or worn the engine. */
export async function measureAlone(file, question = {}, execArgv = ['--expose-gc']) {
  const child = await startChild(file, { execArgv })
  try {
    return await child.ask('measure', question)
  } finally {
    child.stop()
  }
}
