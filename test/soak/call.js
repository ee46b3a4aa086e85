import { Agent, request } from 'node:https'

/**
 * A caller of one credential: `kept` sends everything on one connection, else each request makes its own. Never
 * sends anything twice: no failure is hidden.
 */
export function createCaller({ port, credential, kept = false, tool = 'search' }) {
  const agent = new Agent({ ...credential, keepAlive: kept, maxSockets: 1, maxCachedSessions: 0 })
  let last = 0
  return {
    close: () => agent.destroy(),
    /** Resolves to what came of it: `ok`, or why not. */
    call() {
      last += 1
      return send({ port, agent, body: toBody(tool, last) }).then(
        ({ status, text }) => (isResult(text, last) && status === 200 ? 'ok' : `${status} ${text}`),
        (error) => `${error.code ?? ''} ${error.message}`,
      )
    },
  }
}

/** Opens a stream that the server never ends. */
export function openStream({ port, credential }) {
  const state = { ended: false }
  return new Promise((resolve, reject) => {
    const options = { ...credential, ...toOptions({ port, agent: false }), method: 'GET' }
    const outgoing = request(options, (response) => {
      response.resume()
      response.once('close', () => {
        state.ended = true
      })
      // Torn off is ended, too.
      response.on('error', () => {})
      if (response.statusCode !== 200)
        reject(new Error(`a stream was answered ${response.statusCode}`))
      resolve({ isEnded: () => state.ended, close: () => outgoing.destroy() })
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

function send({ port, agent, body }) {
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...toOptions({ port, agent }), method: 'POST' }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      response.on('error', reject)
      response.once('end', () => resolve({ status: response.statusCode, text }))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

function toOptions({ port, agent }) {
  return {
    host: '127.0.0.1',
    servername: 'localhost',
    port,
    agent,
    path: '/mcp',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
  }
}

function toBody(name, id) {
  return JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name } })
}

function isResult(text, id) {
  return text.includes(`"id":${id},"result"`)
}
