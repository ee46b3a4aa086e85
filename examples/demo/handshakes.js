import { once } from 'node:events'
import { request as httpsRequest } from 'node:https'
import { setTimeout as wait } from 'node:timers/promises'
import { mtlsFetch } from '@mcp-mtls/client'
import { request } from './clients.js'

/**
 * Two callers that never get as far as HTTP, at every server. Each attempt: who came, which servers let
 * it in, what the client was told and what the log of the server says.
 */
export async function tryHandshakes(servers, { ca, foreign }) {
  const callers = {
    'without a certificate': (url) => withoutCertificate(url, ca),
    'with a certificate of another CA': (url) => withCertificate(url, foreign),
  }
  const attempts = []
  for (const [who, connect] of Object.entries(callers)) {
    attempts.push(await attempt(servers, who, connect))
  }
  return attempts
}

async function attempt(servers, who, connect) {
  const letIn = []
  let refusal
  for (const [name, { url, log }] of Object.entries(servers)) {
    const before = log.length
    const failure = await connect(url).then(
      () => undefined,
      (error) => error,
    )
    const event = failure && (await findRefusal(log, before))
    if (event === undefined) letIn.push(name)
    else refusal = { client: failure.code, server: `${event.reason}: ${event.hint}` }
  }
  return { who, letIn, ...refusal }
}

/** The server notices the end of a handshake a moment after the client. */
async function findRefusal(log, from) {
  for (let tries = 0; tries < 100; tries += 1) {
    const entry = log.slice(from).find(({ audit }) => audit?.type === 'handshake')
    if (entry) return entry.audit
    await wait(20)
  }
  return undefined
}

async function withCertificate(url, certificate) {
  const fetch = mtlsFetch(certificate)
  try {
    return await request({ url, fetch }, 'ping')
  } finally {
    await fetch.close()
  }
}

async function withoutCertificate(url, ca) {
  const sent = httpsRequest(url, { ca, agent: false }).end()
  const [response] = await once(sent, 'response')
  response.destroy()
}
