import { correctQuery, type Guard } from '@mcp-mtls/core'
import type {
  FastifyInstance,
  FastifyReply,
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
  { covers, isAnothers, id }: PathClaim,
): readonly string[] {
  const { isGuarded, keep, callOf } = createRequestCalls(covers)

  const mayPass = ({ raw, routeOptions: { url } }: FastifyRequest, reply: FastifyReply): boolean =>
    isAnothers(url) || guard.requireCertificate(raw, reply.raw, url)
  const authenticate: preHandlerAsyncHookHandler = async (request, reply) => {
    if (!isGuarded(request)) {
      if (!mayPass(request, reply)) reply.hijack()
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
        request.principal = received?.principal ?? null
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
