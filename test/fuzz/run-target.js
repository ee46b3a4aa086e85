import { createRandom } from './random.js'
import { shrink } from './shrink.js'

/** One input may take this long, and as much again for each of its bytes as the second says. */
const grace = 400
const millisecondsPerByte = 0.02

/** What an oracle throws when something that must hold does not. */
class Finding extends Error {
  name = 'Finding'
}

/** For oracles: what must hold of an input that was accepted. */
export function expect(holds, what, details) {
  if (!holds) throw new Finding(details === undefined ? what : `${what}: ${show(details)}`)
}

/**
 * Mutates the samples of a target and examines the results until its time is over. The first inputs
 * are the samples themselves, which must be accepted: a target that accepts nothing examines nothing.
 */
export function runTarget(target, { seed, seconds }) {
  const started = performance.now()
  const result = { inputs: 0, accepted: 0, findings: [], seconds: 0 }
  const isOver = () => performance.now() - started >= seconds * 1000
  for (const sample of target.samples) record(target, sample, result)
  while (!isOver() && result.findings.length === 0) {
    record(target, makeInput(target, createRandom(seed, result.inputs)), result)
  }
  result.seconds = (performance.now() - started) / 1000
  return result
}

/** What is wrong with one input; undefined if nothing is. */
export function findProblem(target, input) {
  return examine(target, input).problem
}

function makeInput(target, random) {
  let input = random.pick(target.samples)
  // One change most of the time: few inputs survive more.
  for (let changes = random.oneIn(2) ? 1 : random.size(6); changes > 0; changes -= 1) {
    input = target.mutate(input, random)
  }
  return input
}

function record(target, input, result) {
  if (result.findings.length > 0) return
  const isSample = target.samples.includes(input)
  const { accepted, problem } = examine(target, input)
  result.inputs += 1
  if (accepted) result.accepted += 1
  const found = problem ?? (isSample && !accepted ? 'a sample is refused' : undefined)
  if (found === undefined) return
  const smallest = isSample
    ? input
    : shrink(input, (shorter) => headOf(findProblem(target, shorter)) === headOf(found))
  result.findings.push({ problem: findProblem(target, smallest) ?? found, input: smallest })
}

function examine(target, input) {
  const { accepted, problem, milliseconds } = examineOnce(target, input)
  if (problem !== undefined || milliseconds <= capOf(input)) return { accepted, problem }
  // The machine may have been busy: only what is slow every time is slow.
  const fastest = Math.min(...[1, 2, 3].map(() => examineOnce(target, input).milliseconds))
  const slow = fastest > capOf(input)
  return { accepted, problem: slow ? `takes too long: ${Math.round(fastest)} ms` : undefined }
}

function examineOnce(target, input) {
  const started = performance.now()
  try {
    const accepted = target.examine(input)
    return { accepted, milliseconds: performance.now() - started }
  } catch (error) {
    return { accepted: false, problem: describe(error), milliseconds: 0 }
  }
}

function capOf(input) {
  return grace + input.length * millisecondsPerByte
}

function describe(error) {
  if (error instanceof Finding) return error.message
  const name = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  const [, place = ''] = /\n\s+at ([^\n]*)/.exec(error?.stack ?? '') ?? []
  return `an undocumented error escapes: ${name} (${place})`
}

/** A finding may be worded with its input; what comes before the colon says which one it is. */
function headOf(problem) {
  return problem?.split(':', 1)[0]
}

function show(details) {
  const text = typeof details === 'string' ? details : (JSON.stringify(details) ?? String(details))
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}
