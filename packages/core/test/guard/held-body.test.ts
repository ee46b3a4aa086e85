import { once } from 'node:events'
import { request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { begin, openSession, serveHttp2, statusOf } from './over-http2.js'
import { createPolicyFile } from './policy-file.js'
import { goodFor, withToken } from './short-token.js'
import { callTool, openScene, type Scene, spiffeId } from './stage.js'

const head = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

/** Begins a call, waits, and sends the body that was held back. */
async function callLate({ port, files }: Scene, headers: object, wait: () => Promise<unknown>) {
  const issued = await files.ca.issue({ usage: 'client', uri: [spiffeId] })
  const text = JSON.stringify(callTool('search'))
  const outgoing = request({
    host: '127.0.0.1',
    servername: 'localhost',
    port,
    method: 'POST',
    agent: false,
    cert: issued.chain,
    key: issued.key,
    ca: files.ca.certificate,
    headers: { ...head, 'content-length': text.length, ...headers },
  })
  outgoing.flushHeaders()
  outgoing.write(text.slice(0, 10))
  await wait()
  outgoing.end(text.slice(10))
  const [response] = await once(outgoing, 'response')
  let answer = ''
  for await (const chunk of response) answer += String(chunk)
  return { status: response.statusCode, answer }
}

it('A22 takes no body for a token that expired while it was held back', async () => {
  const scene = await openScene({ policy: withToken, oauth: goodFor(1_500) })
  const answer = await callLate(scene, { authorization: 'Bearer abc' }, () => sleep(2_000))
  expect(scene.reached).toEqual([])
  expect(answer.status).toBe(401)
}, 20_000)

it('D36 decides on a body that was held back by the policy in force when it comes', async () => {
  const { path, write } = await createPolicyFile('search')
  const scene = await openScene({ policy: path })
  const answer = await callLate(scene, {}, async () => {
    await sleep(300)
    await write('status')
    await vi.waitFor(() => expect(scene.events.map(({ effect }) => effect)).toContain('reload'), {
      timeout: 10_000,
    })
  })
  expect(scene.reached).toEqual([])
  expect(answer.answer).toContain('-31403')
}, 20_000)

it('A22 takes none over HTTP/2, where no time limit of the server ends what is held back', async () => {
  const scene = await openScene({
    policy: withToken,
    oauth: goodFor(1_500),
    server: serveHttp2,
  })
  const stream = begin(await openSession(scene), 'abc')
  const text = JSON.stringify(callTool('search'))
  stream.write(text.slice(0, 10))
  await sleep(2_000)
  stream.end(text.slice(10))
  expect(await statusOf(stream)).toBe(401)
  expect(scene.reached).toEqual([])
}, 20_000)
