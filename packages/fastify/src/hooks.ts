import { Readable } from 'node:stream'
import { type Call, correctQuery, type Guard } from '@mcp-mtls/core'
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  preHandlerAsyncHookHandler,
  preParsingAsyncHookHandler,
  RequestPayload,
} from 'fastify'
import type { PathClaim } from './paths.js'

/**
 * Adds the guard's steps to an instance: authenticate before the body is read, read the body, show it
 * to what validates, authorize before the handler. Returns the hooks' names, which no other
 * registration has.
 *
 * A route's body schema sees a copy: what it coerces or fills in would else be decided on, while the
 * MCP server may read what was sent.
 */
export function addGuardHooks(
  app: FastifyInstance,
  guard: Guard,
  { covers, id }: PathClaim,
): readonly string[] {
  const calls = new WeakMap<FastifyRequest, Call>()
  const isGuarded = ({ routeOptions }: FastifyRequest): boolean => covers(routeOptions.url)
  const keep = (request: FastifyRequest, reply: FastifyReply, call: Call | undefined): void => {
    if (call === undefined) reply.hijack()
    else calls.set(request, call)
  }

  const authenticate: preHandlerAsyncHookHandler = async (request, reply) => {
    if (!isGuarded(request)) return
    const call = await guard.authenticate(request.raw, reply.raw)
    request.principal = call?.principal ?? null
    if (call) request.query = correctQuery(request.query, call)
    keep(request, reply, call)
  }
  const readBody: preParsingAsyncHookHandler = async (request, reply, payload) => {
    if (!isGuarded(request)) return payload
    keep(request, reply, await guard.receive(callOf(calls, request)))
    return request.method === 'POST' ? standIn(request) : payload
  }
  const showBody: preHandlerAsyncHookHandler = async (request) => {
    if (!isGuarded(request)) return
    const { body } = callOf(calls, request)
    if (body !== undefined) request.body = hasBodySchema(request) ? structuredClone(body) : body
  }
  const authorize: preHandlerAsyncHookHandler = async (request, reply) => {
    if (!isGuarded(request)) return
    const call = await guard.authorize(callOf(calls, request))
    keep(request, reply, call)
    if (call?.body !== undefined) request.body = call.body
  }

  app.addHook('onRequest', authenticate)
  app.addHook('preParsing', readBody)
  app.addHook('preValidation', showBody)
  app.addHook('preHandler', authorize)
  return [authenticate, readBody, showBody, authorize].map((hook) => {
    const name = `mcpMtls_${hook.name}_${id}`
    Object.defineProperty(hook, 'name', { value: name })
    return name
  })
}

function hasBodySchema({ routeOptions }: FastifyRequest): boolean {
  return routeOptions.schema?.body !== undefined
}

function callOf(calls: WeakMap<FastifyRequest, Call>, request: FastifyRequest): Call {
  const call = calls.get(request)
  if (call === undefined) throw new Error('mcpMtls: an earlier step of the guard did not run')
  return call
}

/**
 * What Fastify's own parser gets to see: the guard has read and parsed the body already. It tells the
 * body's true length, on which Fastify's `bodyLimit` goes on to act.
 */
function standIn({ raw, headers }: FastifyRequest): RequestPayload {
  const sent: unknown = Reflect.get(raw, 'rawBody')
  const length = Buffer.isBuffer(sent) ? sent.length : Number(headers['content-length'] ?? 2)
  return Object.assign(Readable.from([Buffer.from('{}')]), { receivedEncodedLength: length })
}
