import { setTimeout as sleep } from 'node:timers/promises'
import { breakages, breakFile } from './break-files.js'
import { createCaller } from './call.js'
import { createGrowthRotations } from './growth-rotations.js'
import { startServer } from './start-server.js'
import { createWorld } from './world.js'

const connectionCount = 500
/** Connections that are closed and made anew before each rotation. */
const churn = 20
const rotationTime = 5_000
/** Of so many rotations the last is broken. */
const turn = 6

/**
 * Holds 500 connections open and rotates every five seconds, for some minutes. Resolves to what the server held
 * before each rotation, and to the requests that failed.
 */
export async function runGrowth(minutes) {
  const world = await createWorld()
  const server = await startServer({ files: world.files, policy: world.policy })
  try {
    return await rotateAndSample({ world, server, end: Date.now() + minutes * 60_000 })
  } finally {
    server.stop()
    await world.remove()
  }
}

async function rotateAndSample({ world, server, end }) {
  const credential = await world.issue('steady', 'agents/steady')
  const create = () => createCaller({ port: server.port, credential, kept: true })
  const callers = Array.from({ length: connectionCount }, create)
  const rotate = createGrowthRotations(world, server)
  const samples = []
  const failures = []
  for (let round = 0; Date.now() < end; round += 1) {
    const next = Date.now() + rotationTime
    await callEach(callers, failures)
    samples.push(await server.ask('holds'))
    for (let index = 0; index < churn; index += 1) {
      callers.shift().close()
      callers.push(create())
    }
    const broken = round % turn === turn - 1
    if (broken)
      await breakFile(world, server, breakages[((round + 1) / turn - 1) % breakages.length])
    else await rotate()
    await sleep(Math.max(0, next - Date.now()))
  }
  for (const caller of callers) caller.close()
  return { samples, failures }
}

/** One request on each connection, some at a time: five hundred handshakes at once would be another test. */
async function callEach(callers, failures) {
  const queue = callers.values()
  const work = async () => {
    for (const caller of queue) {
      const outcome = await caller.call()
      if (outcome !== 'ok') failures.push(outcome)
    }
  }
  await Promise.all(Array.from({ length: 20 }, work))
}
