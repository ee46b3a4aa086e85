import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCertificateAuthority, createRevocationList } from '@mcp-mtls/authority'

const policy = `version: 1
roles:
  reader: { tools: [search, stream] }
assignments:
  - { spiffe: 'spiffe://soak.test/**', roles: [reader] }
`

/**
 * The files of one server, and the CAs behind them: `steady` is always trusted, of `first` and `second` one or
 * both, `foreign` never.
 */
export async function createWorld() {
  const directory = await mkdtemp(join(tmpdir(), 'mcp-mtls-soak-'))
  const cas = {}
  for (const name of ['steady', 'first', 'second', 'foreign']) {
    cas[name] = await createCertificateAuthority({ name: `Soak ${name}` })
  }
  const path = (name) => join(directory, name)
  const disk = new Map()
  const world = {
    cas,
    path,
    policy: path('policy.yaml'),
    files: {
      cert: path('server.crt'),
      key: path('server.key'),
      authorities: { soak: { ca: path('ca.crt'), crl: path('ca.crl') } },
      denyList: path('deny.txt'),
    },
    /** Writes a file at once, and remembers it as good. */
    async put(name, text) {
      await writeFile(path(`${name}.next`), text, { mode: 0o600 })
      await rename(path(`${name}.next`), path(name))
      disk.set(name, text)
    },
    /** Writes a file in place, as careless programs do, and remembers it as good. */
    async overwrite(name, text) {
      await writeFile(path(name), text, { mode: 0o600 })
      disk.set(name, text)
    },
    /** Writes something of which nothing good can come. */
    breakTo: (name, text) => writeFile(path(name), text),
    /** Puts the last good text of a file in its place. */
    restore: (name) => world.put(name, disk.get(name)),
    read: (name) => disk.get(name),
    issue: (ca, name) => issueClient(cas, ca, name),
    issueServer: () =>
      cas.steady.issue({ usage: 'server', cn: 'localhost', dns: ['localhost'], ip: ['127.0.0.1'] }),
    /** The lists of every CA; only `first` and `second` revoke. */
    toLists: (revoked) =>
      Promise.all([
        createRevocationList(cas.steady),
        createRevocationList(cas.first, { revoked }),
        createRevocationList(cas.second),
      ]).then((lists) => lists.join('')),
    toBundle: (names) => names.map((name) => cas[name].certificate).join(''),
    remove: () => rm(directory, { recursive: true, force: true }),
  }
  await fill(world)
  return world
}

async function fill(world) {
  const server = await world.issueServer()
  await world.put('server.crt', server.chain)
  await world.put('server.key', server.key)
  await world.put('ca.crt', world.toBundle(['steady', 'first']))
  await world.put('ca.crl', await world.toLists([]))
  await world.put('deny.txt', '# nobody\n')
  await world.put('policy.yaml', policy)
}

/** What a client presents, and the CA of the server, which it trusts. */
async function issueClient(cas, ca, name) {
  const uri = [`spiffe://soak.test/${name}`]
  const issued = await cas[ca].issue({ usage: 'client', cn: name, uri })
  return { ca: cas.steady.certificate, cert: issued.chain, key: issued.key }
}
