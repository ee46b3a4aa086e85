import type { ClientCertificate } from './certificates.js'
import { legacyPost, message, postHeaders, toolCall } from './clients/messages.js'
import { rawRequest } from './clients/raw-request.js'
import { openRawSession } from './clients/raw-session.js'
import { openRawStream } from './clients/raw-stream.js'
import type { Gate } from './servers/gate.js'
import { until } from './until.js'

/**
 * Makes a slow `tools/list` and a `tools/call` share an id within a session, so that the SDK writes
 * the list to the answer of the call. Returns what arrives there.
 */
export async function collideIds(
  url: string,
  options: { readonly certificate: ClientCertificate; readonly gate: Gate },
): Promise<string> {
  const { certificate, gate } = options
  const session = await openRawSession(url, certificate)
  const releases = [gate.hold('tools/list'), gate.hold('tools/call')]
  const list = openRawStream(url, {
    certificate,
    method: 'POST',
    ...legacyPost(message('tools/list', {}, 7), session),
  })
  // The first answer never comes in JSON mode; closing it below must not fail the attack.
  list.catch(() => {})
  await until(() => gate.waiting() === 1)
  const call = rawRequest(url, { certificate, ...legacyPost(toolCall('search', {}, 7), session) })
  await until(() => gate.waiting() === 2)
  for (const release of releases) release()
  const { body } = await call
  await rawRequest(url, { certificate, method: 'DELETE', headers: session })
  return body
}

/**
 * Asks for the tools, then resumes that answer's stream from its beginning, so that the server sends
 * the list again from its event store, on a GET. Returns what the GET delivers.
 */
export async function replayList(url: string, certificate: ClientCertificate): Promise<string> {
  const session = await openRawSession(url, certificate)
  const list = await rawRequest(url, {
    certificate,
    ...legacyPost(message('tools/list', {}, 8), session),
  })
  const first = /^id: ?(.+)$/m.exec(list.body)?.[1]
  if (first === undefined) throw new Error(`the answer has no event ids: ${list.body}`)
  const stream = await openRawStream(url, {
    certificate,
    headers: { accept: postHeaders['accept'], ...session, 'last-event-id': first },
  })
  await until(() => stream.text().includes('"id":8'))
  stream.close()
  return stream.text()
}
