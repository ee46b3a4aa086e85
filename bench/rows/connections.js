import { measureAlone, startServer } from '../processes.js'
import { summarize } from '../statistics.js'

const echo = {
  body: JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'echo', arguments: { text: 'hello' } },
  }),
}

/** The identity of a new connection, and what it does to the number of new connections. */
export async function* newConnections(bench) {
  const { one, two, again, node } = await measureAlone('alone/identity.js', {
    rounds: bench.rounds,
  })
  yield toIdentityRow('identity of a new connection', one)
  yield toIdentityRow('the same, with two authorities', two)
  yield toIdentityRow('the same, of a peer that comes back', again)
  yield {
    name: "Node's own X509Certificate and its names, for comparison",
    figure: `${Math.round(node.median)} µs`,
  }
  yield {
    name: 'new connections with one request each, guarded to not',
    ...(await compareHandshakes(bench)),
  }
}

function toIdentityRow(name, { median, min, max }) {
  const figure = `${Math.round(median)} µs (${Math.round(min)}–${Math.round(max)})`
  return { name, figure, value: median, most: 1000, unit: 'µs' }
}

async function compareHandshakes({ files, client, load, pairs, sliceMilliseconds }) {
  const guarded = await startServer({ files, stack: 'node', guarded: true })
  const plain = await startServer({ files, stack: 'node', guarded: false })
  const take = async ({ port, ask }) => {
    const before = await ask('usage')
    const { completed, seconds } = await load.ask('handshakes', {
      port,
      client,
      message: echo,
      milliseconds: sliceMilliseconds,
    })
    return { rate: completed / seconds, cpu: ((await ask('usage')).cpu - before.cpu) / completed }
  }
  try {
    const taken = []
    for (let round = 0; round < pairs; round += 1) {
      taken.push({ left: await take(guarded), right: await take(plain) })
    }
    return {
      ratio: summarize(taken.map(({ left, right }) => left.rate / right.rate)),
      cpuRatio: summarize(taken.map(({ left, right }) => right.cpu / left.cpu)),
    }
  } finally {
    guarded.stop()
    plain.stop()
  }
}

/** Memory a guarded server holds for a connection that is idle after one request, over an unguarded one. */
export async function* idleMemory(bench) {
  const sizes = bench.connections
  const curve = []
  for (const connections of sizes) {
    const guarded = await memoryOf(bench, true, connections)
    const plain = await memoryOf(bench, false, connections)
    curve.push({ connections, bytes: (guarded - plain) / connections, plain: plain / connections })
  }
  for (const { connections, bytes, plain } of curve) {
    yield {
      name: `memory of an idle connection over unguarded, of ${connections}`,
      figure: `${Math.round(bytes).toLocaleString('en')} bytes (unguarded ${Math.round(plain).toLocaleString('en')})`,
      value: bytes,
      most: 4096,
      unit: 'bytes',
    }
  }
}

async function memoryOf({ files, client, load }, guarded, connections) {
  const server = await startServer({ files, stack: 'node', guarded }, ['--expose-gc'])
  const target = { name: 'memory', port: server.port, client, message: echo }
  try {
    // Compiled code and what else is made once is no part of what each connection holds.
    await load.ask('open', { ...target, connections })
    await load.ask('slice', { name: target.name, milliseconds: 1000 })
    const before = await server.ask('memory')
    await load.ask('open', { ...target, name: 'more', connections })
    const after = await server.ask('memory')
    return after.bytes - before.bytes
  } finally {
    await load.ask('close', { name: 'memory' })
    await load.ask('close', { name: 'more' })
    server.stop()
  }
}
