import { describe, expect, it } from 'vitest'
import { readOptions } from '../../src/guard/read-options.js'
import type { TlsSource } from '../../src/tls/tls-source.js'
import { oauthWith } from './bearers.js'
import { policy } from './stage.js'

/** Options of a program that no compiler has seen. */
function read(options: unknown) {
  return readOptions(options as Parameters<typeof readOptions>[0])
}

describe('options of a guard', () => {
  it('need only a policy; everything else has a default', () => {
    expect(read({ policy })).toEqual({
      policy,
      tls: undefined,
      oauth: undefined,
      open: [],
      maxConnectionAge: undefined,
      identity: ['spiffe', 'uri', 'dns'],
      origins: undefined,
      hosts: undefined,
      limits: { bodyBytes: 1_048_576, depth: 64, batch: 0, uniqueKeys: false },
      sessionSecrets: undefined,
      observing: false,
      denyStatus: 200,
      authorize: undefined,
      audit: undefined,
      logger: undefined,
    })
  })

  it('with the value undefined count as absent', () => {
    expect(read({ policy, tls: undefined, audit: undefined })).toEqual(read({ policy }))
  })

  it('of limits keep the defaults of those not given', () => {
    const { limits } = read({ policy, limits: { bodyBytes: 10 } })
    expect(limits).toEqual({ bodyBytes: 10, depth: 64, batch: 0, uniqueKeys: false })
  })

  it('of limits may be as narrow as can be', () => {
    const limits = { bodyBytes: 1, depth: 1, batch: 0, uniqueKeys: true }
    expect(read({ policy, limits }).limits).toEqual(limits)
  })

  it('are copied and frozen', () => {
    const identity = ['dns'] as ('dns' | 'cn')[]
    const settings = read({ policy, identity, origins: ['https://a.test'], hosts: ['a.test'] })
    identity.push('cn')
    expect(settings.identity).toEqual(['dns'])
    for (const value of [settings, settings.identity, settings.origins, settings.hosts]) {
      expect(Object.isFrozen(value)).toBe(true)
    }
    expect(Object.isFrozen(settings.limits)).toBe(true)
  })

  it('take a policy by path, by URL and as made by definePolicy', () => {
    const url = new URL('file:///policy.yaml')
    for (const value of ['policy.yaml', url, policy])
      expect(read({ policy: value }).policy).toBe(value)
  })

  it.each([
    ['enforcement', 'enforce', 'observing', false],
    ['enforcement', 'observe', 'observing', true],
    ['denyStatus', 200, 'denyStatus', 200],
    ['denyStatus', 403, 'denyStatus', 403],
  ] as const)('take %s: %j', (name, value, setting, expected) => {
    expect(read({ policy, [name]: value })[setting]).toBe(expected)
  })

  it.each([0.5, 1, 86_400])('take a connection age of %d seconds', (maxConnectionAge) => {
    expect(read({ policy, maxConnectionAge }).maxConnectionAge).toBe(maxConnectionAge)
  })

  it('take open routes, copied and frozen', () => {
    const open = ['/health', '/']
    const settings = read({ policy, open })
    open.push('/admin')
    expect(settings.open).toEqual(['/health', '/'])
    expect(Object.isFrozen(settings.open)).toBe(true)
  })

  it('take one session secret or several', () => {
    const [one, two] = ['a'.repeat(32), 'b'.repeat(32)]
    expect(read({ policy, sessionSecret: one }).sessionSecrets).toEqual([one])
    expect(read({ policy, sessionSecret: [one, two] }).sessionSecrets).toEqual([one, two])
  })
})

const policyAdvice =
  '`policy` must be a path, a file URL, or the result of definePolicy() or loadPolicy(); wrap a plain object in definePolicy()'
const tlsAdvice = '`tls` must be a TLS source: write `tls: await tlsFromFiles({ cert, key, ca })`'
const identityAdvice = '`identity` must be a non-empty list of spiffe, uri, dns, email, cn'
const originsAdvice =
  '`origins` must be a list of origins such as https://console.acme.test, without a path'
const hostsAdvice =
  '`hosts` must be a non-empty list of host names, with a port where it is not the default'
const secretAdvice = '`sessionSecret` must be a secret of 32 characters or more, or a list of them'
const openAdvice = "`open` must be a list of paths such as '/health'"
const ageAdvice = '`maxConnectionAge` must be a number of seconds, more than 0 and at most 86400'
const loggerAdvice =
  '`logger` must have the methods info, warn and error, each taking (fields, message)'
const limits = 'bodyBytes and depth (positive whole numbers), batch (a whole number) and uniqueKeys'

describe('an option that is wrong is refused, with advice:', () => {
  it.each([
    ['policy', '', policyAdvice],
    ['policy', { version: 1 }, policyAdvice],
    ['policy', null, policyAdvice],
    ['policy', 7, policyAdvice],
    ['tls', {}, tlsAdvice],
    ['tls', { cert: 'a', key: 'b', ca: 'c' }, tlsAdvice],
    ['tls', Promise.resolve(), tlsAdvice],
    ['identity', [], identityAdvice],
    ['identity', 'spiffe', identityAdvice],
    ['identity', ['SPIFFE'], identityAdvice],
    ['identity', ['spiffe', 'ou'], identityAdvice],
    ['origins', 'https://a.test', originsAdvice],
    ['origins', ['https://a.test/'], originsAdvice],
    ['origins', ['a.test'], originsAdvice],
    ['origins', ['*'], originsAdvice],
    ['origins', ['null'], originsAdvice],
    ['hosts', [], hostsAdvice],
    ['hosts', ['a.test', ''], hostsAdvice],
    ['hosts', 'a.test', hostsAdvice],
    ['limits', 7, `\`limits\` must be an object; it takes ${limits}`],
    ['limits', { bodyBytes: 0 }, `\`limits\` has \`bodyBytes\`; it takes ${limits}`],
    ['limits', { bodyBytes: '1mb' }, '`limits` has `bodyBytes`'],
    ['limits', { depth: 1.5 }, '`limits` has `depth`'],
    ['limits', { depth: Number.POSITIVE_INFINITY }, '`limits` has `depth`'],
    ['limits', { batch: -1 }, '`limits` has `batch`'],
    ['limits', { uniqueKeys: 'yes' }, '`limits` has `uniqueKeys`'],
    ['limits', { bytes: 7, depth: 0 }, '`limits` has `bytes`, `depth`'],
    ['limits', { __proto__: null, constructor: 7 }, '`limits` has `constructor`'],
    ['sessionSecret', '', secretAdvice],
    ['sessionSecret', 'a'.repeat(31), secretAdvice],
    ['sessionSecret', [], secretAdvice],
    ['sessionSecret', ['a'.repeat(32), 'b'], secretAdvice],
    ['enforcement', 'off', "`enforcement` must be 'enforce' or 'observe'"],
    ['enforcement', false, "`enforcement` must be 'enforce' or 'observe'"],
    ['denyStatus', 401, '`denyStatus` must be 200 or 403'],
    ['authorize', true, '`authorize` must be a function that answers true or false'],
    ['open', '/health', openAdvice],
    ['open', ['/health', 'ready'], openAdvice],
    ['open', [/health/], openAdvice],
    ['maxConnectionAge', 0, ageAdvice],
    ['maxConnectionAge', -1, ageAdvice],
    ['maxConnectionAge', 86_401, ageAdvice],
    ['maxConnectionAge', '60', ageAdvice],
    ['maxConnectionAge', Number.NaN, ageAdvice],
    ['oauth', {}, 'oauth.resource is required'],
    ['oauth', null, 'oauth must be an object'],
    ['audit', {}, '`audit` must be a function that takes an event'],
    ['logger', 'info', loggerAdvice],
    ['logger', { info() {}, warn() {} }, loggerAdvice],
  ])('%s: %j', (name, value, message) => {
    expect(() => read({ policy, [name]: value })).toThrow(message)
  })

  it('no options at all', () => {
    for (const options of [undefined, null, 'policy.yaml', []]) {
      expect(() => read(options)).toThrow('mcpMtls needs options: at least { policy }')
    }
  })

  it('no policy', () => {
    expect(() => read({})).toThrow('`policy` is required: write `policy: "policy.yaml"`')
  })

  it.each(['polcy', 'enabled', 'toString', 'constructor', '__proto__x'])('unknown: %s', (name) => {
    expect(() => read({ policy, [name]: true })).toThrow(`unknown option \`${name}\``)
  })

  it('a misspelt name, with the one that is meant', () => {
    expect(() => read({ policy, identiy: ['dns'] })).toThrow('did you mean `identity`?')
  })

  it('several, all at once', () => {
    expect(() => read({ polcy: 'x', denyStatus: 500, hosts: [] })).toThrow(
      /`policy` is required(.|\n)*`polcy`(.|\n)*`denyStatus`(.|\n)*`hosts`/,
    )
  })

  it('as an error with a code', () => {
    const name = 'ConfigurationError'
    expect(() => read({})).toThrow(
      expect.objectContaining({ name, code: 'ERR_MTLS_CONFIGURATION' }),
    )
  })
})

describe('the option oauth beside a TLS source', () => {
  const source = (clientCertificate: 'required' | 'request') =>
    ({ clientCertificate, authorities: [], attach() {} }) as unknown as TlsSource
  const start = (require: string | undefined, clientCertificate: 'required' | 'request') => () =>
    read({ policy, tls: source(clientCertificate), oauth: oauthWith(require ? { require } : {}) })

  it.each(['either', 'token'])(
    'that refuses clients without certificate does not go with require %s',
    (require) => {
      expect(start(require, 'required')).toThrow(
        `oauth.require '${require}' is for callers without a certificate, whom the TLS source refuses: set clientCertificate: 'request' in tlsFromFiles`,
      )
      expect(start(require, 'request')).not.toThrow()
    },
  )

  it.each([undefined, 'both', 'certificate'])(
    'goes with either kind of source for require %s',
    (require) => {
      expect(start(require, 'required')).not.toThrow()
      expect(start(require, 'request')).not.toThrow()
    },
  )

  it('is kept as it is', () => {
    const oauth = oauthWith()
    expect(read({ policy, oauth }).oauth).toBe(oauth)
  })
})
