import type { IncomingMessage } from 'node:http'
import { RequestError } from '../errors.js'
import { replaceHeader, singleHeader } from '../http/headers.js'
import type { ResponseHead } from '../http/response-head.js'
import { INVALID_REQUEST, SESSION_NOT_FOUND } from '../mcp/json-rpc-error.js'
import type { Seals } from './seals.js'

const header = 'mcp-session-id'
const parameter = 'sessionId'

/** Sessions of one caller, as the application knows them and as the caller does. */
export interface CallerSessions {
  /**
   * Puts the application's own id in place of the sealed one, in the header and, for HTTP+SSE, in the
   * query of the URL. Returns the id that was in the query.
   *
   * @throws {RequestError} 404 if an id is not sealed for this caller: another's and an unknown one alike
   */
  readonly open: (req: IncomingMessage) => string | undefined
  /** Seals the id an answer carries, before the answer leaves. */
  readonly sealHead: (head: ResponseHead) => void
  /** Seals the id in the URL of an `endpoint` event (HTTP+SSE of 2024-11-05). */
  readonly sealEndpoint: (url: string) => string
}

/**
 * Ties sessions to one caller (MCP, Security Best Practices: Session Hijacking). `owner` is the name of
 * the principal, not of the certificate: a renewed certificate keeps its sessions.
 */
export function createCallerSessions(seals: Seals, owner: string): CallerSessions {
  const seal = (text: string) => seals.seal({ label: 'session', owner, text })
  const open = (text: string) => {
    const id = seals.open({ label: 'session', owner, text })
    if (id === undefined) {
      throw new RequestError(404, SESSION_NOT_FOUND, 'no session of this caller')
    }
    return id
  }
  return Object.freeze({
    open(req: IncomingMessage): string | undefined {
      const sealed = singleHeader(req, header)
      if (sealed !== undefined) replaceHeader(req, header, open(sealed))
      return openQuery(req, open)
    },
    sealHead(head: ResponseHead): void {
      const id = head.get(header)
      if (id !== undefined) head.set(header, seal(id))
    },
    sealEndpoint: (url: string) => mapQuery(url, seal),
  })
}

function openQuery(req: IncomingMessage, open: (sealed: string) => string): string | undefined {
  let opened: string | undefined
  const url = mapQuery(req.url ?? '', (sealed) => {
    if (opened !== undefined) throw new RequestError(404, SESSION_NOT_FOUND, 'two session ids')
    opened = open(sealed)
    return opened
  })
  if (opened !== undefined) req.url = url
  return opened
}

function misspelt(): RequestError {
  return new RequestError(400, INVALID_REQUEST, 'a parameter that could be read as sessionId')
}

/** Maps every `sessionId` in the query of a URL reference; the rest of it stays as it is. */
function mapQuery(url: string, map: (id: string) => string): string {
  const start = url.indexOf('?')
  if (start === -1) return url
  const [query = '', ...fragment] = url.slice(start + 1).split('#')
  const parts = query.split('&').map((part) => {
    const [[name, value] = ['', '']] = new URLSearchParams(part)
    if (name === parameter) return `${parameter}=${encodeURIComponent(map(value))}`
    // Some query parsers read `sessionId[]` as `sessionId` too.
    if (name.toLowerCase().startsWith(parameter.toLowerCase())) throw misspelt()
    return part
  })
  return [`${url.slice(0, start)}?${parts.join('&')}`, ...fragment].join('#')
}
