import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { findGrowth } from '../test/soak/find-growth.js'
import { runGrowth } from '../test/soak/run-growth.js'
import { runRotations } from '../test/soak/run-rotations.js'

/** Rotates so many times under load, or soaks for so many minutes, or both; resolves to `{ passed, failed, lines }`. */
export async function soak({ rotations = 0, minutes = 0 }) {
  const total = { passed: 0, failed: 0, lines: [] }
  if (rotations > 0) add(total, await checkRotations(rotations))
  if (minutes > 0) add(total, await checkGrowth(minutes))
  return total
}

async function checkRotations(rotations) {
  const { allowed, denied, unjudged, wrongs, broken, isStreamOpen } = await runRotations(rotations)
  const problems = [...wrongs]
  if (!isStreamOpen) problems.push('a stream of a caller who was trusted throughout has ended')
  // A run in which nothing happens must not pass.
  if (allowed < 20 * rotations || denied < 4 * rotations) problems.push('too few requests')
  const counts = `${allowed} allowed, ${denied} denied, ${unjudged} while rights changed`
  return {
    name: `rotation under load: ${rotations} (${broken} broken), requests ${counts}`,
    problems,
  }
}

async function checkGrowth(minutes) {
  const { samples, failures } = await runGrowth(minutes)
  const problems = failures.map((failure) => `a request failed: ${failure}`)
  if (samples.length < 12) problems.push('too few samples: three minutes are the least')
  const found = findGrowth(samples)
  for (const { name, grew } of found) if (grew) problems.push(`more ${name} than allowed`)
  const figures = found.map(describe).join(', ')
  return {
    name: `soak: 500 connections, ${samples.length} rotations in ${minutes} min; ${figures}`,
    problems,
  }
}

function describe({ name, before, after, allowance }) {
  return `${name} ${show(before)} to ${show(after)} (may grow by ${show(allowance)})`
}

function show(number) {
  return number < 1_000_000 ? String(number) : `${(number / 1024 / 1024).toFixed(1)} MiB`
}

function add(total, { name, problems }) {
  const failed = problems.length > 0
  total[failed ? 'failed' : 'passed'] += 1
  total.lines.push(
    `${failed ? 'FAILED ' : 'ok     '} ${name}`,
    ...problems.slice(0, 20).map((problem) => `          ${problem}`),
  )
}

async function main() {
  const { values } = parseArgs({
    options: { rotations: { type: 'string' }, minutes: { type: 'string' } },
  })
  const [rotations, minutes] = [values.rotations, values.minutes].map((text) => Number(text ?? 0))
  if (!(rotations > 0 || minutes > 0)) throw new Error('--rotations N, or --minutes N, or both')
  const { passed, failed, lines } = await soak({ rotations, minutes })
  console.log(`${lines.join('\n')}\n${passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) process.exitCode = await main()
