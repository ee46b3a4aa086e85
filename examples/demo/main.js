import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { askAll } from './ask.js'
import { makeCertificates } from './certificates.js'
import { sdks } from './clients.js'
import { expectedCount, findDifferences, toCell } from './compare.js'
import { tryHandshakes } from './handshakes.js'
import { paint } from './paint.js'
import { startServers, stopServers } from './servers.js'
import { spellOut } from './spell-out.js'
import { formatTable } from './table.js'

const policy = relative(process.cwd(), fileURLToPath(new URL('policy.yaml', import.meta.url)))
const title = (text) => console.log(`\n${paint('bold', text)}`)

async function main() {
  const certificates = await makeCertificates()
  console.log('made a CA and throw-away certificates for a server and four clients')
  const servers = await startServers(certificates.files, policy).finally(certificates.remove)
  try {
    for (const [name, { url }] of Object.entries(servers)) console.log(`${name} serves ${url}`)
    console.log(`both are guarded by ${policy}`)
    return await play(servers, certificates)
  } finally {
    await stopServers(servers)
  }
}

/** Asks, shows, compares; the answer is what differs from the policy. */
async function play(servers, certificates) {
  const answers = await askEverything(servers, certificates.clients)
  title('Who may do what')
  console.log(formatTable(toCell(answers)))
  console.log('The stranger has a certificate of the right CA, but no role.')
  const handshakes = await showHandshakes(servers, certificates)
  await showCalls(servers, certificates.clients)
  return conclude(answers, handshakes)
}

async function askEverything(servers, clients) {
  const answers = []
  for (const [name, { url }] of Object.entries(servers)) {
    for (const sdk of sdks) {
      const from = `${name}, ${sdk}`
      const given = await askAll({ sdk, url, clients })
      answers.push(...given.map((answer) => ({ ...answer, from })))
      console.log(`${from}: ${given.length} answers`)
    }
  }
  return answers
}

async function showHandshakes(servers, certificates) {
  title('Who does not get as far as the policy')
  const attempts = await tryHandshakes(servers, certificates)
  for (const { who, letIn, client, server } of attempts) {
    const end = letIn.length === 0 ? 'the TLS handshake fails' : `LET IN by ${letIn.join(', ')}`
    console.log(`${who}: ${end}\n  client  ${client}\n  log     ${server}`)
  }
  return attempts
}

async function showCalls({ Fastify, Express }, { operator, reader }) {
  title('An allowed call: the operator calls deploy (Fastify, SDK v2)')
  const call = { sdk: 'SDK v2', server: Fastify, certificate: operator, tool: 'deploy' }
  showCall(await spellOut(call))
  title('A denied call: the reader calls deploy (Express, SDK v1)')
  showCall(await spellOut({ sdk: 'SDK v1', server: Express, certificate: reader, tool: 'deploy' }))
}

function showCall({ answer, event }) {
  console.log(`  answer  ${answer}`)
  console.log(`  audit   ${JSON.stringify(event)}`)
  if (event.hint) console.log(`  advice  ${event.hint}`)
}

function conclude(answers, handshakes) {
  const differences = [
    ...findDifferences(answers),
    ...handshakes.flatMap(({ who, letIn }) => letIn.map((from) => `${from}: let in ${who}`)),
  ]
  const asked = answers.length
  const wanted = expectedCount(2 * sdks.length)
  if (asked !== wanted) differences.push(`${asked} answers were given instead of ${wanted}`)
  return { differences, checks: asked + 2 * handshakes.length }
}

try {
  const { differences, checks } = await main()
  title(
    differences.length === 0
      ? `All ${checks} answers of Fastify and Express, SDK v1 and v2, are as the policy says.`
      : `${differences.length} of ${checks} answers are not as the policy says:`,
  )
  for (const difference of differences) console.log(`  ${difference}`)
  process.exitCode = differences.length === 0 ? 0 : 1
} catch (error) {
  console.error(`\nthe demo failed: ${error.message}`)
  process.exitCode = 1
}
