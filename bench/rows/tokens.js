import { compareServers } from '../compare.js'
import { createBenchToken } from '../tokens.js'
import { echo, expectEcho, toRow } from './servers.js'

/** Certificate and a token bound to it: with the guard and without, and to the SDK's own check with jose. */
export async function* boundTokens(bench) {
  const { headers, oauth } = createBenchToken(bench.client)
  const message = { ...echo, headers }
  const compare = (left, right) =>
    compareServers(bench, { left, right, message, expect: expectEcho })
  for (const [stack, name] of [
    ['node', 'plain Node'],
    ['fastify', 'Fastify'],
    ['express', 'Express'],
  ]) {
    const compared = await compare({ stack, guarded: true, oauth }, { stack, guarded: false })
    yield toRow(`certificate + bound token, ${name}`, compared, { least: 0.92 })
  }
  const compared = await compare(
    { stack: 'express', guarded: true, oauth },
    { stack: 'bearer', oauth },
  )
  yield toRow("the same, to the SDK's requireBearerAuth with jose", compared, { least: 1.3 })
}
