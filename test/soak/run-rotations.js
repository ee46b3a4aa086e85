import { setTimeout as sleep } from 'node:timers/promises'
import { breakages, breakFile } from './break-files.js'
import { openStream } from './call.js'
import { createLedger } from './ledger.js'
import { createParties } from './parties.js'
import { startPumps } from './pump.js'
import { createRotations } from './rotate.js'
import { startServer } from './start-server.js'
import { createWorld } from './world.js'

/** Of five rotations, four are good. */
const turn = 5

/**
 * Rotates leaf, CAs and CRLs of one server, every fifth time broken, while ten callers that have to succeed and
 * eight that partly have to fail send requests. Resolves to what was counted.
 */
export async function runRotations(rotations) {
  const world = await createWorld()
  const server = await startServer({ files: world.files, policy: world.policy })
  try {
    return await rotateUnderLoad({ world, server, rotations })
  } finally {
    server.stop()
    await world.remove()
  }
}

async function rotateUnderLoad({ world, server, rotations }) {
  const { port } = server
  const parties = await createParties(world)
  const ledger = createLedger()
  const moving = { current: parties.first }
  const { steady, ...watched } = parties
  const pumps = startPumps({ port, ledger }, { steady: { current: steady }, moving, watched })
  const stream = await openStream({ port, credential: steady.credential })
  const good = createRotations({ world, server, parties, moving, pumps })
  let broken = 0
  for (let index = 0; index < rotations; index += 1) {
    if (index % turn === turn - 1) {
      await breakFile(world, server, breakages[broken % breakages.length])
      broken += 1
    } else {
      await good[(index - broken) % good.length]()
    }
    // Requests that see nothing but what is in force now.
    await sleep(250)
  }
  const isStreamOpen = !stream.isEnded()
  stream.close()
  await Promise.all(pumps.map((pump) => pump.stop()))
  return { ...ledger.counts, wrongs: ledger.wrongs, broken, isStreamOpen }
}
