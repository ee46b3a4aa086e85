import { correctQuery, type Guard } from '@mcp-mtls/core'
import type {
  FastifyInstance,
  FastifyRequest,
  preHandlerAsyncHookHandler,
  preHandlerHookHandler,
  preParsingHookHandler,
} from 'fastify'
import type { PathClaim } from './paths.js'
import { createRequestCalls } from './request-calls.js'
import { andThen, settle } from './settle.js'
import { standIn } from './stand-in.js'

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
  const { isGuarded, keep, callOf } = createRequestCalls(covers)

  const authenticate: preHandlerAsyncHookHandler = async (request, reply) => {
    if (!isGuarded(request)) {
      const { url } = request.routeOptions
      if (!guard.requireCertificate(request.raw, reply.raw, url)) reply.hijack()
      return
    }
    const call = await guard.authenticate(request.raw, reply.raw)
    request.principal = call?.principal ?? null
    if (call) request.query = correctQuery(request.query, call)
    keep(request, reply, call)
  }
  const readBody: preParsingHookHandler = (request, reply, payload, done) => {
    settle(done, () => {
      const call = callOf(request)
      if (call === undefined) return payload
      return andThen(guard.receive(call), (received) => {
        keep(request, reply, received)
        // A body that came late is judged by the roles of that later moment.
        if (received) request.principal = received.principal
        return request.method === 'POST' ? standIn(request) : payload
      })
    })
  }
  const showBody: preHandlerHookHandler = (request, _reply, done) => {
    settle(done, () => {
      const body = callOf(request)?.body
      if (body !== undefined) request.body = hasBodySchema(request) ? structuredClone(body) : body
    })
  }
  const authorize: preHandlerHookHandler = (request, reply, done) => {
    settle(done, () => {
      const received = callOf(request)
      if (received === undefined) return undefined
      return andThen(guard.authorize(received), (call) => {
        keep(request, reply, call)
        if (call?.body !== undefined) request.body = call.body
      })
    })
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
