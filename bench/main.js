import { createBenchCertificates } from './certificates.js'
import { startLoad } from './processes.js'
import { idleMemory, newConnections } from './rows/connections.js'
import { decisions, policyGrowth } from './rows/decisions.js'
import { exchangeParts } from './rows/exchange.js'
import { listGrowth } from './rows/lists.js'
import { rotation } from './rows/rotation.js'
import { filteredList, guardedEcho, serverContext } from './rows/servers.js'
import { boundTokens } from './rows/tokens.js'
import { describeMachine, printHeading, printRow, toJsonRow } from './table.js'

const sections = {
  'In front of a handler': guardedEcho,
  'With a token': boundTokens,
  'What a call is spent on': exchangeParts,
  'Filtered lists': filteredList,
  Decisions: decisions,
  'New connections': newConnections,
  'Idle connections': idleMemory,
  'In the second of a rotation': rotation,
  'Growth with the policy': policyGrowth,
  'Growth with the list': listGrowth,
  Context: serverContext,
}

const scales = {
  full: {
    pairs: 30,
    warmUps: 4,
    sliceMilliseconds: 400,
    rounds: 25,
    connections: [100, 500, 1000],
  },
  quick: { pairs: 8, warmUps: 3, sliceMilliseconds: 250, rounds: 9, connections: [200] },
}

const flags = new Set(process.argv.slice(2))
const only = process.argv.find((text) => text.startsWith('--only='))?.slice('--only='.length)
const scale = flags.has('--quick') ? 'quick' : 'full'

const { files, client, remove } = await createBenchCertificates()
const load = await startLoad()
const bench = { files, client, load, ...scales[scale] }
const rows = []
printHeading(describeMachine(scale))
for (const [section, measure] of Object.entries(sections)) {
  if (only !== undefined && !section.toLowerCase().includes(only)) continue
  printHeading(section)
  for await (const row of measure(bench)) {
    printRow(row)
    rows.push({ section, ...toJsonRow(row) })
  }
}
load.stop()
await remove()
if (flags.has('--json')) process.stdout.write(`${JSON.stringify({ scale, rows })}\n`)
