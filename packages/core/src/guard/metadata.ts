import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Answer, writeAnswer } from '../http/write-answer.js'
import type { GuardContext } from './context.js'

const methods = 'GET, HEAD, OPTIONS'
// The document is the same for everybody and names nobody, so any page may read it (RFC 9728 section 3).
const cors = { 'access-control-allow-origin': '*', 'access-control-allow-methods': methods }

/**
 * Answers a request for the metadata of the protected resource (RFC 9728 section 3.1), without asking for
 * any credential; every word of it comes from configuration. False, and nothing is done, if the request is
 * for something else, or there is no OAuth.
 */
export function serveMetadata(
  { tokens }: Pick<GuardContext, 'tokens'>,
  req: IncomingMessage,
  res: ServerResponse,
): boolean {
  const path = (req.url ?? '').replace(/[?#].*$/s, '')
  if (tokens === undefined || !tokens.metadata.paths.includes(path)) return false
  writeAnswer(res, toAnswer(req, tokens.metadata.document))
  return true
}

function toAnswer({ method, headers }: IncomingMessage, document: string): Answer {
  if (method === 'GET' || method === 'HEAD') {
    return {
      status: 200,
      headers: { ...cors, 'cache-control': 'public, max-age=300' },
      body: document,
    }
  }
  if (method !== 'OPTIONS')
    return { status: 405, headers: { ...cors, allow: methods }, body: undefined }
  const asked = headers['access-control-request-headers']
  const allowed =
    asked === undefined ? {} : { 'access-control-allow-headers': 'mcp-protocol-version' }
  return { status: 204, headers: { ...cors, ...allowed, allow: methods }, body: undefined }
}
