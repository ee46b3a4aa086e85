import type { ClientCertificate } from './certificates.js'
import { legacyPost, postHeaders, toolCall } from './clients/messages.js'
import { rawRequest } from './clients/raw-request.js'
import { openRawSession } from './clients/raw-session.js'
import { openRawStream, type RawStream } from './clients/raw-stream.js'
import type { StatefulFixture } from './servers/mcp-fixture.js'
import { until } from './until.js'

/** Whose session it is, and who reaches for it. */
export interface Actors {
  readonly victim: ClientCertificate
  readonly thief: ClientCertificate
}

/** Opens the stream on which a session's server speaks unasked. */
export function openSessionStream(
  url: string,
  certificate: ClientCertificate,
  session: Readonly<Record<string, string>>,
): Promise<RawStream> {
  const headers = { accept: postHeaders['accept'], ...session }
  return openRawStream(url, { certificate, headers })
}

/**
 * The victim calls a tool; the thief, who has learnt the session's id and an event's, asks for that
 * answer again. Returns what the thief's GET delivers.
 */
export async function replayForThief(
  url: string,
  { victim, thief }: Actors,
): Promise<{ readonly status: number; readonly text: string }> {
  const session = await openRawSession(url, victim)
  const call = await rawRequest(url, {
    certificate: victim,
    ...legacyPost(toolCall('docs.read', {}, 8), session),
  })
  const first = /^id: ?(.+)$/m.exec(call.body)?.[1]
  if (first === undefined) throw new Error(`the answer has no event ids: ${call.body}`)
  const stream = await openSessionStream(url, thief, { ...session, 'last-event-id': first })
  if (stream.status === 200) await until(() => stream.text().includes('docs.read for'))
  else await stream.ended
  stream.close()
  return { status: stream.status, text: stream.text() }
}

/**
 * The server asks the victim's client for its roots; the thief answers first, in the victim's session.
 * Returns the status of the thief's answer, and the roots the server believes in.
 */
export async function forgeRoots(
  url: string,
  { victim, thief, fixture }: Actors & { readonly fixture: StatefulFixture },
): Promise<{ readonly status: number; readonly roots: readonly string[] }> {
  const session = await openRawSession(url, victim)
  const stream = await openSessionStream(url, victim, session)
  const asked = fixture.askForRoots()
  await until(() => stream.text().includes('roots/list'))
  const id: unknown = JSON.parse(/"id":("[^"]*"|\d+)/.exec(stream.text())?.[1] ?? 'null')
  const answer = (certificate: ClientCertificate, uri: string) =>
    rawRequest(url, {
      certificate,
      ...legacyPost({ jsonrpc: '2.0', id, result: { roots: [{ uri }] } }, session),
    })
  const { status } = await answer(thief, 'file:///forged')
  await answer(victim, 'file:///own')
  const roots = await asked
  stream.close()
  return { status, roots }
}
