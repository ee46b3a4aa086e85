import { Readable } from 'node:stream'
import type { Call, Guard } from '@mcp-mtls/core'
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  preHandlerAsyncHookHandler,
  preParsingAsyncHookHandler,
  RequestPayload,
} from 'fastify'

/**
 * Adds the guard's three steps to an instance: authenticate before the body is read, read the body,
 * authorize before the handler. Returns the hooks' names, which no other registration has.
 */
export function addGuardHooks(
  app: FastifyInstance,
  guard: Guard,
  { paths, id }: { readonly paths: readonly string[]; readonly id: number },
): readonly string[] {
  const calls = new WeakMap<FastifyRequest, Call>()
  const isGuarded = ({ routeOptions }: FastifyRequest): boolean =>
    paths.includes(routeOptions.url ?? '')
  const keep = (request: FastifyRequest, reply: FastifyReply, call: Call | undefined): void => {
    if (call === undefined) reply.hijack()
    else calls.set(request, call)
  }

  const authenticate: preHandlerAsyncHookHandler = async (request, reply) => {
    if (!isGuarded(request)) return
    const call = await guard.authenticate(request.raw, reply.raw)
    request.principal = call?.principal ?? null
    keep(request, reply, call)
  }
  const readBody: preParsingAsyncHookHandler = async (request, reply, payload) => {
    if (!isGuarded(request)) return payload
    keep(request, reply, await guard.receive(callOf(calls, request)))
    return request.method === 'POST' ? standIn(request) : payload
  }
  const authorize: preHandlerAsyncHookHandler = async (request, reply) => {
    if (!isGuarded(request)) return
    const call = await guard.authorize(callOf(calls, request))
    keep(request, reply, call)
    if (call?.body !== undefined) request.body = call.body
  }

  const names = ['Authenticate', 'ReadBody', 'Authorize'].map((step) => `mcpMtls${step}${id}`)
  for (const [index, hook] of [authenticate, readBody, authorize].entries()) {
    Object.defineProperty(hook, 'name', { value: names[index] })
  }
  app.addHook('onRequest', authenticate)
  app.addHook('preParsing', readBody)
  app.addHook('preHandler', authorize)
  return names
}

function callOf(calls: WeakMap<FastifyRequest, Call>, request: FastifyRequest): Call {
  const call = calls.get(request)
  if (call === undefined) throw new Error('mcpMtls: an earlier step of the guard did not run')
  return call
}

/** What Fastify's own parser gets to see: the guard has read and parsed the body already. */
function standIn(request: FastifyRequest): RequestPayload {
  const length = Number(request.headers['content-length'] ?? 2)
  return Object.assign(Readable.from([Buffer.from('{}')]), { receivedEncodedLength: length })
}
