import { createCaller } from './call.js'

/**
 * One good rotation after the other: a leaf, a CA that comes or goes, a CRL that lists somebody new, whose
 * connections the server has to end.
 */
export function createGrowthRotations(world, server) {
  let turn = 0
  const updated = async (write) => {
    const update = server.next('update')
    await write()
    await update
  }
  const bundle = (names) => () => world.put('ca.crt', world.toBundle(names))
  const kinds = [
    async () => {
      const { chain, key } = await world.issueServer()
      await world.put('server.key', key)
      await world.put('server.crt', chain)
    },
    bundle(['steady', 'first', 'second']),
    () => revokeOne(world, server.port),
    bundle(['steady', 'first']),
  ]
  return async () => {
    await updated(kinds[turn % kinds.length])
    turn += 1
  }
}

/** Several connections each time: if the server kept them, its descriptors would show it. */
async function revokeOne(world, port) {
  const credential = await world.issue('first', 'agents/victim')
  for (let index = 0; index < 3; index += 1) {
    const outcome = await createCaller({ port, credential, kept: true }).call()
    if (outcome !== 'ok') throw new Error(`refused before it was revoked: ${outcome}`)
  }
  await world.put('ca.crl', await world.toLists([credential.cert]))
}
