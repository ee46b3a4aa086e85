import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { askAll } from './ask.js'
import { makeCertificates } from './certificates.js'
import { sdks } from './clients.js'
import { findDifferences, toCell } from './compare.js'
import { byCertificate, byToken } from './expected.js'
import { tryHandshakes } from './handshakes.js'
import { paint } from './paint.js'
import { startServers, stopServers } from './servers.js'
import { spellOut } from './spell-out.js'
import { formatTable } from './table.js'
import { tryTokens } from './token-refusals.js'
import { createIssuer, issueCredentials } from './tokens.js'

const fileOf = (name) => relative(process.cwd(), fileURLToPath(new URL(name, import.meta.url)))
const title = (text) => console.log(`\n${paint('bold', text)}`)

/** Both halves; the answer is what differs from the policies, and how much was checked. */
async function main() {
  const certificates = await makeCertificates()
  console.log('made a CA and throw-away certificates for a server and four clients')
  try {
    return [await showCertificates(certificates), await showTokens(certificates)]
  } finally {
    await certificates.remove()
  }
}

async function showCertificates(certificates) {
  const policy = fileOf('policy.yaml')
  const { clients } = certificates
  const credentials = Object.fromEntries(
    Object.entries(clients).map(([name, certificate]) => [name, { certificate }]),
  )
  return serving(certificates, { policy }, async (servers) => {
    const answers = await askEverything(byCertificate, servers, credentials)
    title('Who may do what')
    console.log(formatTable(byCertificate, toCell(answers)))
    console.log('The stranger has a certificate of the right CA, but no role.')
    const handshakes = await showHandshakes(servers, certificates)
    await showCalls(servers, credentials)
    const letIn = handshakes.flatMap((one) => one.letIn.map((from) => `${from}: let in ${one.who}`))
    return conclude(byCertificate, answers, { attempts: handshakes, differences: letIn })
  })
}

async function showTokens(certificates) {
  const issuer = await createIssuer()
  const credentials = await issueCredentials(issuer, certificates.clients)
  const options = { policy: fileOf('paired-policy.yaml'), oauth: issuer.oauth }
  return serving(certificates, options, async (servers) => {
    const answers = await askEverything(byToken, servers, credentials)
    title("Who may do what with the reader's certificate and a token")
    console.log(formatTable(byToken, toCell(answers)))
    console.log("The stolen token is one of alice, bound to the operator's certificate.")
    const attempts = await tryTokens(servers, credentials)
    for (const { who, client, server } of attempts)
      console.log(`${who}\n  client  ${client}\n  log     ${server}`)
    const differences = attempts.flatMap(({ who, wrong }) =>
      wrong.map((from) => `${from}: ${who}: refused in another way`),
    )
    return conclude(byToken, answers, { attempts, differences })
  })
}

/** Starts both servers for as long as `play` takes. */
async function serving({ files }, options, play) {
  const servers = await startServers(files, options)
  try {
    console.log()
    for (const [name, { url }] of Object.entries(servers)) console.log(`${name} serves ${url}`)
    console.log(`both are guarded by ${options.policy}`)
    return await play(servers)
  } finally {
    await stopServers(servers)
  }
}

async function askEverything(scenario, servers, credentials) {
  const answers = []
  for (const [name, { url }] of Object.entries(servers)) {
    for (const sdk of sdks) {
      const from = `${name}, ${sdk}`
      const given = await askAll(scenario, { sdk, url, credentials })
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
  const call = { sdk: 'SDK v2', server: Fastify, credentials: operator, tool: 'deploy' }
  showCall(await spellOut(call))
  title('A denied call: the reader calls deploy (Express, SDK v1)')
  showCall(await spellOut({ sdk: 'SDK v1', server: Express, credentials: reader, tool: 'deploy' }))
}

function showCall({ answer, event }) {
  console.log(`  answer  ${answer}`)
  console.log(`  audit   ${JSON.stringify(event)}`)
  if (event.hint) console.log(`  advice  ${event.hint}`)
}

/** `attempts` are those beside the table, each at both servers. */
function conclude(scenario, answers, { attempts, differences }) {
  const found = findDifferences(scenario, answers, 2 * sdks.length)
  return { differences: [...found, ...differences], checks: answers.length + 2 * attempts.length }
}

try {
  const halves = await main()
  const differences = halves.flatMap((half) => half.differences)
  const checks = halves.reduce((sum, half) => sum + half.checks, 0)
  title(
    differences.length === 0
      ? `All ${checks} answers of Fastify and Express, SDK v1 and v2, are as the policies say.`
      : `${differences.length} of ${checks} answers are not as the policies say:`,
  )
  for (const difference of differences) console.log(`  ${difference}`)
  process.exitCode = differences.length === 0 ? 0 : 1
} catch (error) {
  console.error(`\nthe demo failed: ${error.message}`)
  process.exitCode = 1
}
