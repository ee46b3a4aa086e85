import type { IncomingMessage } from 'node:http'
import querystring from 'node:querystring'
import { RequestError } from '../errors.js'
import { replaceHeader, singleHeader } from '../http/headers.js'
import type { ResponseHead } from '../http/response-head.js'
import { INVALID_REQUEST, SESSION_NOT_FOUND } from '../mcp/json-rpc-error.js'
import type { Principal } from '../policy/principal.js'
import { type Owners, openFor, ownersOf } from './owners.js'
import type { Seals } from './seals.js'

const header = 'mcp-session-id'
const resumption = 'last-event-id'
const parameter = 'sessionId'

/** Sessions of one caller, as the application knows them and as the caller does. */
export interface CallerSessions {
  /**
   * Puts the application's own id in place of the sealed one, in the header and, for HTTP+SSE, in the
   * query of the URL; and that of an event in `Last-Event-ID`. Returns the id that was in the query.
   *
   * @throws {RequestError} 404 if an id is not sealed for this caller: another's and an unknown one alike;
   *   400 for a spelling of the parameter that only some query parsers understand
   */
  readonly open: (req: IncomingMessage) => string | undefined
  /** Seals the id an answer carries, before the answer leaves. */
  readonly sealHead: (head: ResponseHead) => void
  /**
   * Seals the id in the URL of an `endpoint` event (HTTP+SSE of 2024-11-05).
   *
   * @throws {Error} if the URL names no `sessionId`, or two: such a session could not be tied to its caller
   */
  readonly sealEndpoint: (url: string) => string
  /** Seals the id of an event: servers replay what follows it, whoever names it and in whichever session. */
  readonly sealEvent: (id: string) => string
}

/**
 * Ties sessions to one caller (MCP, Security Best Practices: Session Hijacking). The owners are names
 * of the principal, not of the certificate itself: a renewed certificate keeps its sessions.
 */
export function createCallerSessions(seals: Seals, owners: Owners): CallerSessions {
  const [owner] = owners
  const seal = (text: string) => seals.seal({ label: 'session', owner, text })
  const open = (text: string, label: 'session' | 'event' = 'session') => {
    const id = openFor(seals, owners, { label, text })
    if (id === undefined) {
      throw new RequestError(404, SESSION_NOT_FOUND, `no ${label} of this caller`)
    }
    return id
  }
  return Object.freeze({
    open(req: IncomingMessage): string | undefined {
      const sealed = singleHeader(req, header)
      if (sealed !== undefined) replaceHeader(req, header, open(sealed))
      const event = singleHeader(req, resumption)
      if (event !== undefined) replaceHeader(req, resumption, open(event, 'event'))
      return openQuery(req, open)
    },
    sealHead(head: ResponseHead): void {
      const id = head.get(header)
      if (id !== undefined) head.set(header, seal(id))
    },
    sealEndpoint: (url: string) => sealOnce(url, seal),
    sealEvent: (id: string) => seals.seal({ label: 'event', owner, text: id }),
  })
}

const made = new WeakMap<Principal, { readonly seals: Seals; readonly sessions: CallerSessions }>()

/** The sessions of a principal, made once for all of its requests. */
export function sessionsOf(seals: Seals, principal: Principal): CallerSessions {
  const before = made.get(principal)
  if (before?.seals === seals) return before.sessions
  const sessions = createCallerSessions(seals, ownersOf(principal))
  made.set(principal, { seals, sessions })
  return sessions
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

function sealOnce(url: string, seal: (id: string) => string): string {
  let sealed = 0
  const mapped = mapQuery(url, (id) => {
    sealed += 1
    return seal(id)
  })
  if (sealed !== 1) throw new Error('an endpoint URL that does not name its session by sessionId')
  return mapped
}

/** Maps every `sessionId` in the query of a URL reference; the rest of it stays as it is. */
function mapQuery(url: string, map: (id: string) => string): string {
  if (!/[?;#]/.test(url)) return url
  const { path = '', query, fragment = '' } = reference.exec(url)?.groups ?? {}
  // Some routers take what follows `;` or `#` for the query.
  refuseMention(path.slice(path.indexOf(';') + 1 || path.length))
  refuseMention(fragment)
  if (query === undefined) return url
  const parts = query.split('&').map((part) => {
    const [[name, value] = ['', '']] = new URLSearchParams(part)
    if (name === parameter) return `${parameter}=${encodeURIComponent(map(value))}`
    refuseMention(part)
    return part
  })
  return `${path}?${parts.join('&')}${fragment}`
}

const reference = /^(?<path>[^?#]*)(?:\?(?<query>[^#]*))?(?<fragment>#.*)?$/s

/** Query parsers read `[sessionId]`, `sessionId[]` and more as `sessionId`: nothing that looks like it passes. */
function refuseMention(text: string): void {
  if (/sessionid/iu.test(querystring.unescape(text))) {
    throw new RequestError(400, INVALID_REQUEST, 'text that could be read as a sessionId')
  }
}
