import { once } from 'node:events'
import { tlsFromFiles } from '@mcp-mtls/core'
import { benchPolicy } from './policies.js'
import { serveBearer } from './stacks/bearer.js'
import { serveCertificateAuth, serveExpress } from './stacks/express.js'
import { serveFastify } from './stacks/fastify.js'
import { serveNode } from './stacks/node.js'
import { serveSdk } from './stacks/sdk.js'
import { fillCatalogue } from './work.js'

// One server in a process of its own; what it is comes as JSON in the first argument, questions by IPC.
const stacks = {
  node: serveNode,
  fastify: serveFastify,
  express: serveExpress,
  'client-certificate-auth': serveCertificateAuth,
  sdk: serveSdk,
  bearer: serveBearer,
}
const quiet = Object.freeze({ info: () => {}, warn: () => {}, error: () => {} })

const setup = JSON.parse(process.argv[2])
let events = 0

function guardOptions() {
  if (!setup.guarded) return undefined
  const options = {
    policy: benchPolicy({ ...setup.policy, token: setup.oauth !== undefined }),
    ...oauthOptions(),
  }
  if (setup.audit === 'default') return options
  const audit = () => {
    events += 1
  }
  return { ...options, logger: quiet, audit }
}

function oauthOptions() {
  if (setup.oauth === undefined) return {}
  const { issuer, resource, jwks } = setup.oauth
  return { oauth: { resource, issuers: [{ issuer, jwks }], binding: 'required' } }
}

fillCatalogue(setup.tools ?? 1000)
const tls = await tlsFromFiles(setup.files)
const server = await stacks[setup.stack]({
  tls,
  work: setup.work ?? 'echo',
  options: guardOptions(),
  extra: setup.extra,
  oauth: setup.oauth,
})
// Connections wait while the other server of a pair has its turn.
server.keepAliveTimeout = 600_000
server.listen(0, '127.0.0.1')
await once(server, 'listening')

const answers = {
  usage() {
    const { user, system } = process.cpuUsage()
    return { cpu: user + system, user, system, events }
  },
  memory() {
    for (let round = 0; round < 6; round += 1) globalThis.gc()
    const { heapUsed, external, arrayBuffers } = process.memoryUsage()
    return { bytes: heapUsed + external, arrayBuffers }
  },
}
process.on('message', ({ id, ask }) => process.send({ id, answer: answers[ask]() }))
process.on('disconnect', () => process.exit())
process.send({ id: 0, answer: { port: server.address().port } })
