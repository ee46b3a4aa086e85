import { connect } from 'node:tls'

// The load, in a process of its own: connections that stay open, each with one request under way while
// its turn lasts. An answer is counted when as many bytes have come as the first answers had.
const targets = new Map()

const patience = 250

/** The bytes one request is answered with; asked until two answers in a row are equally long. */
async function learnAnswer(socket, request) {
  for (let before = -1; ; ) {
    const text = await oneAnswer(socket, request)
    if (text.length > 0 && text.length === before) return text
    before = text.length
  }
}

function oneAnswer(socket, request) {
  return new Promise((resolve, reject) => {
    const chunks = []
    const done = () => {
      socket.off('data', onData)
      resolve(Buffer.concat(chunks))
    }
    let timer
    const onData = (chunk) => {
      chunks.push(chunk)
      clearTimeout(timer)
      timer = setTimeout(done, patience)
    }
    socket.on('data', onData)
    socket.once('close', () => reject(new Error('the server closed the connection')))
    socket.write(request)
  })
}

function openSocket({ port, client }) {
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', servername: 'localhost', ...client }
    const socket = connect(options, () => resolve(socket.setNoDelay(true)))
    socket.once('error', reject)
  })
}

function toRequest({ headers = {}, body }) {
  const bytes = Buffer.from(body)
  const fields = {
    host: 'localhost',
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...headers,
    'content-length': bytes.length,
  }
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`POST /mcp HTTP/1.1\r\n${head.join('')}\r\n`), bytes])
}

/** Sends one request after the other until `until`, and counts the answers. */
function runSocket(socket, { request, length, until }) {
  return new Promise((resolve, reject) => {
    let received = 0
    let completed = 0
    const onData = (chunk) => {
      const problem = findProblem(chunk, received, length)
      if (problem !== undefined) return reject(problem)
      received += chunk.length
      if (received < length) return undefined
      completed += 1
      received = 0
      return performance.now() < until ? socket.write(request) : finish()
    }
    const finish = () => {
      socket.off('data', onData)
      resolve(completed)
    }
    socket.on('data', onData)
    socket.write(request)
  })
}

/**
 * Keeps this process from going to sleep between answers. A server's processor wakes whoever sleeps on the
 * other end of its writes, at a quarter of what a short answer costs; the faster server of a pair finds the
 * load awake, and would be paid for that.
 */
function stayAwake() {
  let awake = true
  const turn = () => {
    if (awake) setImmediate(turn)
  }
  turn()
  return () => {
    awake = false
  }
}

function findProblem(chunk, received, length) {
  if (received === 0 && chunk.toString('latin1', 0, 12) !== 'HTTP/1.1 200') {
    return new Error(`unexpected answer: ${chunk.toString('latin1', 0, 200)}`)
  }
  if (received + chunk.length <= length) return undefined
  return new Error('an answer of another length than the first')
}

const answers = {
  async open({ name, port, client, connections, message }) {
    const request = toRequest(message)
    const sockets = []
    for (let index = 0; index < connections; index += 1)
      sockets.push(await openSocket({ port, client }))
    const answer = await learnAnswer(sockets[0], request)
    for (const socket of sockets)
      await runSocket(socket, { request, length: answer.length, until: 0 })
    targets.set(name, { sockets, request, length: answer.length })
    return { answer: answer.toString('utf8') }
  },
  async slice({ name, milliseconds }) {
    const { sockets, request, length } = targets.get(name)
    const start = performance.now()
    const until = start + milliseconds
    const rest = stayAwake()
    const counts = await Promise.all(
      sockets.map((socket) => runSocket(socket, { request, length, until })),
    )
    rest()
    const completed = counts.reduce((sum, count) => sum + count, 0)
    return { completed, seconds: (performance.now() - start) / 1000 }
  },
  async handshakes({ port, client, message, milliseconds }) {
    const request = toRequest(message)
    const start = performance.now()
    let completed = 0
    const one = async () => {
      while (performance.now() < start + milliseconds) {
        const socket = await openSocket({ port, client })
        await new Promise((resolve) => socket.once('data', resolve).write(request))
        socket.destroy()
        completed += 1
      }
    }
    await Promise.all([one(), one(), one(), one()])
    return { completed, seconds: (performance.now() - start) / 1000 }
  },
  close({ name }) {
    for (const socket of targets.get(name)?.sockets ?? []) socket.destroy()
    targets.delete(name)
  },
}

process.on('message', async ({ id, ask, ...question }) => {
  try {
    process.send({ id, answer: (await answers[ask](question)) ?? null })
  } catch (error) {
    process.send({ id, error: error.message })
  }
})
process.on('disconnect', () => process.exit())
process.send({ id: 0, answer: null })
