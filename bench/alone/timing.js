import { summarize } from '../statistics.js'

let kept

/**
 * Microseconds one call of each function takes: in turn, round after round, each long enough for the
 * clock. What they return is kept, so that no call can be left out.
 */
export function timeInTurn(calls, { rounds, milliseconds = 40 }) {
  const names = Object.keys(calls)
  const counts = Object.fromEntries(
    names.map((name) => [name, calibrate(calls[name], milliseconds)]),
  )
  const times = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) times[name].push(timeOf(calls[name], counts[name]))
  }
  return times
}

/** The same time after time, pair by pair. */
export function ratioOf(left, right) {
  return summarize(left.map((time, index) => time / right[index]))
}

function calibrate(call, milliseconds) {
  let count = 1
  while (timeOf(call, count) * count < milliseconds * 1000) count *= 2
  return count
}

function timeOf(call, count) {
  const start = process.cpuUsage()
  for (let index = 0; index < count; index += 1) kept = call(index)
  const { user, system } = process.cpuUsage(start)
  return (user + system) / count
}

/** The last result, so that the engine cannot know it unused. */
export function lastResult() {
  return kept
}

/** Answers the one question of a process that measures alone. */
export function answerAlone(measure) {
  process.on('message', async ({ id, ...question }) => {
    try {
      process.send({ id, answer: await measure(question) })
    } catch (error) {
      process.send({ id, error: error.stack })
    }
  })
  process.on('disconnect', () => process.exit())
  process.send({ id: 0, answer: null })
}
