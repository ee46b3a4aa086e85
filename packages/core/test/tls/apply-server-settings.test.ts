import { createServer } from 'node:https'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../src/errors.js'
import { applyServerSettings } from '../../src/tls/apply-server-settings.js'

function timeoutsOf(settings: unknown) {
  const server = createServer()
  applyServerSettings(server, settings)
  const { keepAliveTimeout, requestTimeout, timeout, maxRequestsPerSocket } = server
  return { keepAliveTimeout, requestTimeout, timeout, maxRequestsPerSocket }
}

const nodes = timeoutsOf(undefined)

describe('the settings Fastify hands to a server factory', () => {
  it('are applied as Fastify applies them to its own server', () => {
    const settings = {
      keepAliveTimeout: 1234,
      requestTimeout: 2345,
      connectionTimeout: 3456,
      maxRequestsPerSocket: 7,
    }
    expect(timeoutsOf(settings)).toEqual({
      keepAliveTimeout: 1234,
      requestTimeout: 2345,
      timeout: 3456,
      maxRequestsPerSocket: 7,
    })
  })

  it.each([
    ['there are none', {}],
    ['they are of a wrong type', { keepAliveTimeout: '1', requestTimeout: null }],
    ['nothing is handed over', null],
    ['zero stands for the default', { maxRequestsPerSocket: 0 }],
  ])('leave what Node has where %s', (_, settings) => {
    expect(timeoutsOf(settings)).toEqual(nodes)
  })

  it.each(['http', 'https', 'http2'])(
    'are refused with the option %s, which would be lost',
    (name) => {
      expect(() => timeoutsOf({ [name]: {} })).toThrow(ConfigurationError)
      expect(() => timeoutsOf({ [name]: {} })).toThrow(`the option "${name}" would be lost`)
      expect(timeoutsOf({ [name]: false })).toEqual(nodes)
    },
  )
})
