import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { change } from './parties.js'

/**
 * The rotations that are good, in turn: leaves, written as a whole and carelessly, a CRL that lists the victim and
 * one that no longer does, and CAs that overlap: the other comes, callers move over to it, the one before leaves.
 */
export function createRotations({ world, server, parties, moving, pumps }) {
  const rotate = (rights, write) => change({ parties, server, rights, write })
  const bundle = (rights, ...names) =>
    rotate(rights, () => world.put('ca.crt', world.toBundle(names)))
  const list = (rights, revoked) =>
    rotate(rights, async () => world.put('ca.crl', await world.toLists(revoked)))

  async function leaf(put) {
    const next = await world.issueServer()
    await rotate({}, async () => {
      await put('server.crt', next.chain)
      // Longer than files have to hold still: for a moment they do not fit.
      await sleep(250)
      await put('server.key', next.key)
    })
    await verifyServed(server.port, parties.steady.credential, next.chain)
  }

  async function move(party) {
    moving.current = party
    while (!pumps.every((pump) => pump.isCurrent())) await sleep(10)
  }

  return [
    () => leaf(world.put),
    () => bundle({ second: 'allowed' }, 'steady', 'first', 'second'),
    async () => {
      await move(parties.second)
      await bundle({ first: 'denied', victim: 'denied' }, 'steady', 'second')
    },
    () => leaf(world.overwrite),
    () => bundle({ first: 'allowed', victim: 'allowed' }, 'second', 'first', 'steady'),
    () => list({ victim: 'denied' }, [parties.victim.credential.cert]),
    async () => {
      await move(parties.first)
      await bundle({ second: 'denied' }, 'first', 'steady')
    },
    () => list({ victim: 'allowed' }, []),
  ]
}

/** Whoever connects after a rotation sees the new certificate. */
async function verifyServed(port, credential, pem) {
  const socket = connect({ ...credential, host: '127.0.0.1', servername: 'localhost', port })
  await once(socket, 'secureConnect')
  const served = socket.getPeerX509Certificate().toString()
  socket.destroy()
  if (served.trim() !== pem.trim()) throw new Error('the server presents another certificate')
}
