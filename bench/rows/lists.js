import { compareServers } from '../compare.js'

const list = { body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }) }

/** What grows with the length of a list: the same request on lists of growing length. */
export async function* listGrowth(bench) {
  for (const tools of [10, 100, 1000, 5000]) {
    const server = { stack: 'node', work: 'list', tools }
    const { ratio, cpuRatio, left, right } = await compareServers(
      { ...bench, pairs: Math.ceil(bench.pairs / 3) },
      {
        left: { ...server, guarded: true },
        right: { ...server, guarded: false },
        message: list,
        connections: 4,
      },
    )
    const more = left.cpu - right.cpu
    yield {
      name: `tools/list of ${tools.toLocaleString('en')}, guarded to not`,
      figure: `${(more / tools).toFixed(2)} µs of processor more a tool`,
      ratio,
      cpuRatio,
    }
  }
}
