import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { findProblem, runTarget } from '../test/fuzz/run-target.js'
import { createCertificatesTarget } from '../test/fuzz/targets/certificates.js'
import { eventStreamsTarget } from '../test/fuzz/targets/event-streams.js'
import { jsonBodiesTarget } from '../test/fuzz/targets/json-bodies.js'
import { createPoliciesTarget } from '../test/fuzz/targets/policies.js'
import { spiffeIdTarget } from '../test/fuzz/targets/spiffe-id.js'

/**
 * Mutates certificates, SPIFFE IDs, JSON bodies, event streams and policies, and compares what the built
 * core makes of them with independent readers. Every target gets its share of the seconds; the same seed
 * gives the same inputs in the same order. Resolves to `{ passed, failed, lines }`, one check a target.
 */
export async function fuzz({ seconds = 10, seed = 1 } = {}) {
  const targets = await createTargets()
  const total = { passed: 0, failed: 0, lines: [] }
  for (const target of targets) {
    const result = runTarget(target, { seed, seconds: seconds / targets.length })
    const failed = result.findings.length > 0
    total[failed ? 'failed' : 'passed'] += 1
    total.lines.push(describe(target, result, seed), ...result.findings.flatMap(toLines(target)))
  }
  return total
}

async function createTargets() {
  return [
    await createCertificatesTarget(),
    spiffeIdTarget,
    jsonBodiesTarget,
    eventStreamsTarget,
    await createPoliciesTarget(),
  ]
}

function describe({ name }, { inputs, accepted, findings, seconds }, seed) {
  const verdict = findings.length === 0 ? 'ok     ' : 'FAILED '
  return `${verdict} fuzz, ${name}: ${inputs} inputs (${accepted} accepted), ${seconds.toFixed(1)} s, seed ${seed}, ${findings.length} findings`
}

function toLines({ name }) {
  return ({ problem, input }) => [
    `          ${problem}`,
    `          again: node scripts/fuzz.js --target "${name}" --input ${input.toString('hex')}`,
  ]
}

/** Examines one input again, as a finding says how. */
async function examineOne(name, hex) {
  const target = (await createTargets()).find((one) => one.name === name)
  if (target === undefined) throw new Error(`no target is called ${name}`)
  const problem = findProblem(target, Buffer.from(hex, 'hex'))
  console.log(problem ?? 'nothing is wrong with it')
  return problem === undefined ? 0 : 1
}

async function main() {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '10' },
      seed: { type: 'string', default: '1' },
      target: { type: 'string' },
      input: { type: 'string' },
    },
  })
  if (values.target !== undefined) return examineOne(values.target, values.input ?? '')
  const seconds = Number(values.seconds)
  const seed = Number(values.seed)
  if (!(seconds > 0) || !Number.isSafeInteger(seed)) throw new Error('--seconds N --seed N')
  const { passed, failed, lines } = await fuzz({ seconds, seed })
  console.log(`${lines.join('\n')}\n${passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) process.exitCode = await main()
