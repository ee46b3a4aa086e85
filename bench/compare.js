import { startServer } from './processes.js'
import { median, summarize } from './statistics.js'

/**
 * Puts the same load on two servers in turn, A B A B …, over connections that stay open, and compares
 * them pair by pair: requests per second, and processor time the server spends on one request. The
 * second is what remains steady on a machine that others use too.
 */
export async function compareServers(bench, { left, right, message, connections = 16, expect }) {
  const servers = {
    left: await startServer({ files: bench.files, ...left }),
    right: await startServer({ files: bench.files, ...right }),
  }
  try {
    for (const [name, { port }] of Object.entries(servers)) {
      const { answer } = await bench.load.ask('open', {
        name,
        port,
        client: bench.client,
        connections,
        message,
      })
      expect?.(answer, name)
    }
    const take = (name) => slice(bench, servers[name], name)
    for (let round = 0; round < bench.warmUps; round += 1) {
      await take('left')
      await take('right')
    }
    const pairs = []
    for (let round = 0; round < bench.pairs; round += 1) pairs.push(await takePair(take, round))
    return toComparison(pairs)
  } finally {
    for (const [name, server] of Object.entries(servers)) {
      await bench.load.ask('close', { name })
      server.stop()
    }
  }
}

async function takePair(take, round) {
  // Each goes first as often as the other.
  if (round % 2 === 0) return { left: await take('left'), right: await take('right') }
  const right = await take('right')
  return { left: await take('left'), right }
}

async function slice(bench, server, name) {
  const before = await server.ask('usage')
  const { completed, seconds } = await bench.load.ask('slice', {
    name,
    milliseconds: bench.sliceMilliseconds,
  })
  const after = await server.ask('usage')
  return { rate: completed / seconds, cpu: (after.cpu - before.cpu) / completed }
}

function toComparison(pairs) {
  return {
    ratio: summarize(pairs.map(({ left, right }) => left.rate / right.rate)),
    cpuRatio: summarize(pairs.map(({ left, right }) => right.cpu / left.cpu)),
    left: {
      rate: median(pairs.map(({ left }) => left.rate)),
      cpu: median(pairs.map(({ left }) => left.cpu)),
    },
    right: {
      rate: median(pairs.map(({ right }) => right.rate)),
      cpu: median(pairs.map(({ right }) => right.cpu)),
    },
  }
}
