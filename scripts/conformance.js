import { pathToFileURL } from 'node:url'
import { examine } from './conformance-run.js'
import { installCached, nodeOfVersion } from './nodes.js'

/** Which release of the suite asks which of our servers about which revision. */
const runs = [
  { suite: '0.1.16', revision: '2025-11-25', sdk: 'v1' },
  { suite: '0.2.0-alpha.12', revision: '2025-11-25', sdk: 'v1' },
  { suite: '0.2.0-alpha.12', revision: '2025-11-25', sdk: 'v2' },
  { suite: '0.2.0-alpha.12', revision: '2026-07-28', sdk: 'v2' },
]
const ranks = ['SUCCESS', 'INFO', 'SKIPPED', 'WARNING', 'FAILURE']

/**
 * Runs the MCP conformance suite against a server without a guard and behind one that allows all.
 * A check passes if it is no worse behind the guard and was not red to begin with, when it could
 * show nothing. Resolves to `{ passed, failed, lines }`; what cannot be installed is skipped.
 */
export async function conformance() {
  // The suite imports globSync from node:fs, which Node 20 does not have.
  const node = nodeOfVersion('24')
  if (node.error) return skipped(`Node 24 ${node.error}`)
  const installed = new Map(runs.map(({ suite }) => [suite, installSuite(suite)]))
  for (const [suite, { error }] of installed) {
    if (error) return skipped(`the suite ${suite} ${error}`)
  }
  const total = { passed: 0, failed: 0, lines: [] }
  for (const run of runs) {
    const { program } = installed.get(run.suite)
    add(total, run, await compare({ ...run, node: node.path, program }))
  }
  return total
}

function installSuite(version) {
  const name = '@modelcontextprotocol/conformance'
  const { directory, error } = installCached(`conformance/${version}`, `${name}@${version}`)
  return error ? { error } : { program: `${directory}/${name}/dist/index.js` }
}

function skipped(reason) {
  return { passed: 0, failed: 0, lines: [`skipped conformance: ${reason}`] }
}

function add(total, { suite, revision, sdk }, { passed, problems, said }) {
  const failed = problems.length
  const verdict = failed === 0 ? 'ok     ' : 'FAILED '
  total.passed += passed
  total.failed += failed
  total.lines.push(
    `${verdict} conformance ${suite}, revision ${revision}, SDK ${sdk}: ${passed} passed, ${failed} failed`,
    ...[...problems, ...said].map((line) => `          ${line}`),
  )
}

async function compare(run) {
  try {
    const bare = await examine(run, 'bare')
    const guarded = await examine(run, 'guarded')
    const late = timedOut(bare, guarded)
    if (late.length === 0) return compareChecks(bare, guarded)
    // The suite's 30 seconds are no verdict on a busy machine. Once more, and it is said.
    const again = compareChecks(bare, await examine(run, 'guarded'))
    return {
      ...again,
      said: [`ran twice, since time ran out in: ${late.join(', ')}`, ...again.said],
    }
  } catch (error) {
    return { passed: 0, problems: [`could not be run: ${error.message}`], said: [] }
  }
}

/** Scenarios in which the suite's own time limit struck behind the guard and not without it. */
function timedOut(bare, guarded) {
  const struck = ({ checks }, key) => checks.get(key)?.status === 'FAILURE'
  return [...guarded.checks.keys()].filter(
    (key) => key.endsWith('/scenario-timeout') && struck(guarded, key) && !struck(bare, key),
  )
}

function compareChecks(bare, guarded) {
  const keys = new Set([...bare.checks.keys(), ...guarded.checks.keys()])
  const compared = [...keys].filter((key) => isVerdict(bare.checks, key, guarded.checks))
  const problems = compared.flatMap(
    (key) => problemOf(key, bare.checks.get(key), guarded.checks.get(key)) ?? [],
  )
  const passed = compared.length - problems.length
  const complete = compared.length > 0 && bare.green && guarded.green
  if (problems.length === 0 && !complete) problems.push('the suite ended without a verdict')
  return {
    passed,
    problems,
    // What the servers wrote matters only to whoever looks for a cause.
    said: problems.length === 0 ? [] : [...bare.said, ...guarded.said],
  }
}

/** INFO alone is a note of what was sent, not a verdict. */
function isVerdict(bare, key, guarded) {
  return [bare, guarded].some((checks) => ![undefined, 'INFO'].includes(checks.get(key)?.status))
}

function problemOf(key, bare, guarded) {
  if (bare?.status === 'FAILURE') return `${key}: red without the guard: ${bare.errorMessage}`
  if (guarded === undefined) return `${key}: ${bare.status} without the guard, missing behind it`
  if (bare === undefined && guarded.status === 'SUCCESS') return undefined
  const before = bare?.status ?? 'SUCCESS'
  if (ranks.indexOf(guarded.status) <= ranks.indexOf(before)) return undefined
  return `${key}: ${before} without the guard, ${guarded.status} behind it: ${guarded.errorMessage}`
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { passed, failed, lines } = await conformance()
  console.log(`${lines.join('\n')}\n${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}
