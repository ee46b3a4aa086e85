import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCertificateAuthority, createRevocationList } from '@mcp-mtls/authority'
import { clientId } from '../certificates.js'
import { startServer } from '../processes.js'
import { median, summarize } from '../statistics.js'

const echo = {
  body: JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'echo', arguments: { text: 'hello' } },
  }),
}
const name = 'rotation'
const connections = 16
const milliseconds = 1000

/** Requests in the second in which files are rotated, to those in the second before. */
export async function* rotation(bench) {
  const world = await createWorld()
  const server = await startServer({ files: world.files, stack: 'node', guarded: true })
  try {
    await bench.load.ask('open', {
      name,
      port: server.port,
      client: world.client,
      connections,
      message: echo,
    })
    const take = () => takeSecond(bench, server)
    for (let round = 0; round < bench.warmUps; round += 1) await take()
    yield await compare('a new server certificate, in its second', {
      bench,
      take,
      rotate: world.leaf,
    })
    yield await compare('a new CRL, in its second', { bench, take, rotate: world.list })
  } finally {
    await bench.load.ask('close', { name })
    server.stop()
    await world.remove()
  }
}

async function compare(row, { bench, take, rotate }) {
  const pairs = []
  for (let round = 0; round < Math.max(8, bench.pairs / 2); round += 1) {
    const write = await rotate()
    const before = await take()
    // Files are looked at for some tenths of a second before they count: well within the second.
    const written = write()
    const during = await take()
    await written
    pairs.push({ before, during })
  }
  const [before, during] = ['before', 'during'].map((one) =>
    Math.round(median(pairs.map((pair) => pair[one].rate))).toLocaleString('en'),
  )
  return {
    name: row,
    figure: `${during} to ${before} requests/s`,
    ratio: summarize(pairs.map((pair) => pair.during.rate / pair.before.rate)),
    cpuRatio: summarize(pairs.map((pair) => pair.before.cpu / pair.during.cpu)),
    least: 0.95,
  }
}

async function takeSecond({ load }, { ask }) {
  const before = await ask('usage')
  const { completed, seconds } = await load.ask('slice', { name, milliseconds })
  const after = await ask('usage')
  return { rate: completed / seconds, cpu: (after.cpu - before.cpu) / completed }
}

/** A CA with a CRL of a thousand entries; `leaf` and `list` make what is new and return what writes it. */
async function createWorld() {
  const directory = await mkdtemp(join(tmpdir(), 'mcp-mtls-bench-'))
  const path = (file) => join(directory, file)
  const put = async (file, text) => {
    await writeFile(path(`${file}.next`), text, { mode: 0o600 })
    await rename(path(`${file}.next`), path(file))
  }
  const ca = await createCertificateAuthority({ name: 'Bench CA' })
  const client = await ca.issue({ usage: 'client', cn: 'bench', uri: [clientId] })
  const leaf = async () => {
    const { chain, key } = await ca.issue({ usage: 'server', cn: 'localhost', dns: ['localhost'] })
    return async () => {
      await put('server.key', key)
      await put('server.crt', chain)
    }
  }
  let lists = 0
  const list = async () => {
    lists += 1
    const revoked = Array.from({ length: 1000 }, (_, index) =>
      (0x10000 + lists * 1000 + index).toString(16),
    )
    const text = await createRevocationList(ca, { revoked })
    return () => put('ca.crl', text)
  }
  await put('ca.crt', ca.certificate)
  for (const rotate of [leaf, list]) await (await rotate())()
  return {
    files: {
      cert: path('server.crt'),
      key: path('server.key'),
      ca: path('ca.crt'),
      crl: path('ca.crl'),
    },
    client: { ca: ca.certificate, cert: client.chain, key: client.key },
    leaf,
    list,
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}
