import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

// In the middle of a block: at the end of one nothing would show that there were more.
const cut = (text) => text.slice(0, -100)

/** The ways files are broken, each of which must change nothing: which file, and how. */
export const breakages = [
  [
    'a certificate written but for its end',
    'server.crt',
    async ({ read }) => cut(read('server.crt')),
  ],
  [
    'the key of another certificate',
    'server.key',
    async (world) => (await world.issueServer()).key,
  ],
  ['an empty CA bundle', 'ca.crt', async () => ''],
  ['a CRL written but for its end', 'ca.crl', async ({ read }) => cut(read('ca.crl'))],
  ['a deny list that was cut off', 'deny.txt', async () => 'spiffe spiffe://soak.test/agents/o'],
  [
    'a CRL without a list of a trusted CA',
    'ca.crl',
    async ({ read }) => firstBlock(read('ca.crl')),
  ],
  ['no CA bundle', 'ca.crt', undefined],
  ['a CA bundle written but for its end', 'ca.crt', async ({ read }) => cut(read('ca.crt'))],
]

/** Breaks a file until the server says that it does not take it, puts it right again, and waits until that is seen. */
export async function breakFile(world, server, [what, file, make]) {
  const noticed = server.next('error')
  if (make === undefined) await rm(world.path(file))
  else await world.breakTo(file, await make(world))
  await noticed.catch((cause) => {
    throw new Error(`the server takes ${what}`, { cause })
  })
  await world.restore(file)
  for (let tries = 0; (await server.ask('status')).error !== undefined; tries += 1) {
    if (tries === 100) throw new Error(`the server does not recover from ${what}`)
    await sleep(100)
  }
}

function firstBlock(text) {
  const end = '-----END X509 CRL-----\n'
  return text.slice(0, text.indexOf(end) + end.length)
}
