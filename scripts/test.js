import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { api } from './api.js'
import { conformance } from './conformance.js'
import { findKeycloak } from './keycloak.js'
import { nodesOfTheMatrix } from './nodes.js'
import { build, install, root, runWatched, tool } from './workspace.js'

const total = { passed: 0, failed: 0 }
const lines = []
const failures = []

/** One check that passes or fails as a whole. */
function check(name, passes) {
  const passed = passes()
  total[passed ? 'passed' : 'failed'] += 1
  lines.push(`${passed ? 'ok     ' : 'FAILED '} ${name}`)
  return passed
}

// Tokens of the tests, a claim each of them carries, and private keys: nothing may print any of them.
const secrets =
  /canary-of-a-claim|canary-of-an-opaque|\beyJ[\w-]{16,}\.eyJ|-----BEGIN [A-Z ]*PRIVATE KEY-----/
let leaked = false
const watch = (text) => {
  leaked ||= secrets.test(text)
}

/** The vitest files below some folders, run by one Node, counted test by test. */
async function tier(name, paths, node = process.execPath) {
  const report = `${root}.tmp/${name.replaceAll(/\W+/g, '-')}.json`
  mkdirSync(`${root}.tmp`, { recursive: true })
  const args = [
    'tools/node_modules/vitest/vitest.mjs',
    'run',
    '--config=tools/vitest.config.ts',
    '--reporter=dot',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...paths,
  ]
  const ended = await runWatched(node, args, watch)
  const counts = readReport(report)
  // A file that cannot even be loaded, or a run that died, has no failing test of its own.
  const failed = ended ? counts.failed : Math.max(counts.failed, 1)
  failures.push(...counts.failures.map((failure) => `${name}: ${failure}`))
  total.passed += counts.passed
  total.failed += failed
  const skipped = counts.skipped.length === 0 ? '' : `, skipped: ${counts.skipped.join('; ')}`
  lines.push(
    `${failed === 0 ? 'ok     ' : 'FAILED '} ${name}: ${counts.passed} passed, ${failed} failed${skipped}`,
  )
}

function readReport(file) {
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: [], failures: ['no report'] }
  const report = JSON.parse(readFileSync(file, 'utf8'))
  const tests = report.testResults.flatMap((result) => result.assertionResults)
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: tests
      .filter((test) => test.status === 'skipped' || test.status === 'pending')
      .map((test) => test.fullName),
    failures: report.testResults.flatMap(failuresOf),
  }
}

/** What failed in one file and why, short enough to stand beside the counts. */
function failuresOf({ name, message, assertionResults }) {
  const file = name.replace(root, '')
  const failed = assertionResults.filter((test) => test.status === 'failed')
  if (failed.length === 0) return message ? [`${file}\n${firstLines(message)}`] : []
  return failed.map(
    (test) => `${file} > ${test.fullName}\n${firstLines(test.failureMessages.join('\n'))}`,
  )
}

function firstLines(message) {
  const text = message.split('\n').slice(0, 12).join('\n').slice(0, 1500)
  return text.replaceAll(/^/gm, '    ')
}

const everything = Boolean(process.env.CI) || process.argv.includes('--all')

async function conformanceTier() {
  if (!everything) {
    lines.push('skipped conformance: runs on CI and with `npm test -- --all` (brings Node 24)')
    return
  }
  add(await conformance())
}

async function interop() {
  if (!everything) {
    lines.push('skipped interop: runs on CI and with `npm test -- --all` (brings Keycloak, 159 MB)')
    return
  }
  const { path, skipped } = findKeycloak()
  if (skipped) {
    lines.push(`skipped interop, Keycloak: ${skipped}`)
    return
  }
  process.env.MCP_MTLS_KEYCLOAK = path
  await tier('interop, Keycloak', ['test/interop/keycloak'])
}

async function soakTier() {
  if (!everything) {
    lines.push('skipped soak: runs on CI and with `npm test -- --all` (four minutes)')
    return
  }
  const { soak } = await import('./soak.js')
  add(await soak({ rotations: 20, minutes: 3 }))
}

/** Adds what a tier with a runner of its own counted. */
function add(counted) {
  total.passed += counted.passed
  total.failed += counted.failed
  lines.push(...counted.lines)
}

async function matrix() {
  if (!everything) {
    lines.push(
      'skipped matrix: runs on CI and with `npm test -- --all` (brings Node 22, 24 and 26)',
    )
    return
  }
  for (const { version, path, error } of nodesOfTheMatrix()) {
    if (path) await tier(`matrix, Node ${version}`, ['packages', 'test/e2e'], path)
    else check(`matrix, Node ${version}: ${error}`, () => false)
  }
}

if (!check('install', install) || !check('build', build)) finish()
check('types of the tests', () => tool('tsc', ['-b', 'tsconfig.test.json']))
check('biome', () => tool('biome', ['ci', '.']))
check('knip', () => tool('knip', []))
add(api())
await tier('unit, core', ['packages/core/', '--coverage'])
const others = ['authority', 'cli', 'client', 'express', 'fastify', 'testing']
await tier(
  'unit, the other packages',
  others.map((name) => `packages/${name}/`),
)
await tier('e2e', ['test/e2e'])
await tier('pack', ['test/pack'])
await interop()
// Only now: it imports what was just built.
const { fuzz } = await import('./fuzz.js')
add(await fuzz({ seconds: everything ? 60 : 10 }))
await conformanceTier()
await soakTier()
await matrix()
check('C19 D40 no token, claim or key in what the suite printed', () => !leaked)
finish()

function finish() {
  console.log(`\n${lines.join('\n')}`)
  for (const failure of failures) console.log(`FAILED  ${failure}`)
  console.log(`${total.passed} passed, ${total.failed} failed`)
  process.exit(total.failed === 0 ? 0 : 1)
}
