import { exportJWK, generateKeyPair, generateSecret } from 'jose'
import { describe, expect, it } from 'vitest'
import { unavailable } from '../../src/oauth/bounded-fetch.js'
import { createGivenKeySet, createKeySet } from '../../src/oauth/key-set.js'
import { createClock, createSigningKey, keySet } from './authorization-server.js'

const one = await createSigningKey('ES256', 'one')
const two = await createSigningKey('ES256', 'two')
const byId = (kid: string) => ({ alg: 'ES256', kid })
const unknown = expect.objectContaining({ code: 'ERR_MTLS_TOKEN', reason: 'signature' })
const away = expect.objectContaining({ code: 'ERR_MTLS_REQUEST', status: 503, rpcCode: -32603 })
const minute = 60_000

function start(first: unknown) {
  const clock = createClock()
  const server = { answer: first, loads: 0 }
  const keys = createKeySet(async () => {
    server.loads += 1
    if (server.answer instanceof Error) throw server.answer
    return server.answer
  }, clock.now)
  return { clock, server, keys }
}

describe('createKeySet', () => {
  it('C08 asks for the keys once, however many tokens come at a time', async () => {
    const { keys, server } = start(keySet(one))
    await Promise.all(Array.from({ length: 50 }, () => keys.find(byId('one'))))
    expect(server.loads).toBe(1)
  })

  it('C08 does not ask more than once in 30 seconds for keys nobody has', async () => {
    const { keys, server, clock } = start(keySet(one))
    for (let index = 0; index < 200; index += 1)
      await expect(keys.find(byId(`random-${index}`))).rejects.toEqual(unknown)
    expect(server.loads).toBe(1)
    clock.move(30_000)
    for (let index = 0; index < 200; index += 1)
      await expect(keys.find(byId(`random-${index}`))).rejects.toEqual(unknown)
    expect(server.loads).toBe(2)
  })

  it('C08 finds a new key beside the old one, and no longer the old one once it is gone', async () => {
    const { keys, server, clock } = start(keySet(one))
    await keys.find(byId('one'))
    server.answer = keySet(one, two)
    clock.move(31_000)
    await expect(keys.find(byId('two'))).resolves.toBeDefined()
    await expect(keys.find(byId('one'))).resolves.toBeDefined()
    server.answer = keySet(two)
    clock.move(10 * minute)
    await expect(keys.find(byId('one'))).rejects.toEqual(unknown)
    await expect(keys.find(byId('two'))).resolves.toBeDefined()
  })

  it('C08 drops a withdrawn key after 10 minutes and not before', async () => {
    const { keys, server, clock } = start(keySet(one))
    await keys.find(byId('one'))
    server.answer = keySet(two)
    clock.move(10 * minute - 1)
    await expect(keys.find(byId('one'))).resolves.toBeDefined()
    clock.move(1)
    await expect(keys.find(byId('one'))).rejects.toEqual(unknown)
    expect(server.loads).toBe(2)
  })

  it('C08 uses the last good keys for an hour while the server is away, then answers 503', async () => {
    const { keys, server, clock } = start(keySet(one))
    await keys.find(byId('one'))
    server.answer = unavailable('away')
    for (let passed = 0; passed < 59; passed += 1) {
      clock.move(minute)
      await expect(keys.find(byId('one'))).resolves.toBeDefined()
    }
    expect(server.loads).toBeLessThanOrEqual(51)
    clock.move(minute)
    await expect(keys.find(byId('one'))).rejects.toEqual(away)
    server.answer = keySet(one)
    clock.move(minute)
    await expect(keys.find(byId('one'))).resolves.toBeDefined()
  })

  it('C08 does not let tokens wait for a server that is away while there are keys', async () => {
    const clock = createClock()
    const loads: PromiseWithResolvers[] = []
    const keys = createKeySet(() => {
      const load = withResolvers()
      loads.push(load)
      return load.promise
    }, clock.now)
    const first = keys.find(byId('one'))
    loads[0]?.resolve(keySet(one))
    await first
    clock.move(10 * minute)
    const second = keys.find(byId('one'))
    loads[1]?.reject(unavailable('away'))
    await second
    clock.move(minute)
    await expect(keys.find(byId('one'))).resolves.toBeDefined()
    expect(loads).toHaveLength(3)
  })

  it('C08 tries every 5 seconds until there are keys, and answers 503 between', async () => {
    const { keys, server, clock } = start(unavailable('away'))
    for (let index = 0; index < 20; index += 1)
      await expect(keys.find(byId('one'))).rejects.toEqual(away)
    expect(server.loads).toBe(1)
    clock.move(5_000)
    server.answer = keySet(one)
    await expect(keys.find(byId('one'))).resolves.toBeDefined()
  })

  it('C08 answers 503 for a key that may be new while the server is away', async () => {
    const { keys, server, clock } = start(keySet(one))
    await keys.find(byId('one'))
    server.answer = unavailable('away')
    clock.move(31_000)
    await expect(keys.find(byId('two'))).rejects.toEqual(away)
    await expect(keys.find(byId('two'))).rejects.toEqual(away)
    expect(server.loads).toBe(2)
    await expect(keys.find(byId('one'))).resolves.toBeDefined()
  })

  it.each([
    undefined,
    null,
    [],
    {},
    { keys: {} },
    { keys: [1] },
    { keys: [{}] },
    { keys: [{ kty: 1 }] },
  ])('C08 takes %j for no key set', async (answer) => {
    const { keys } = start(answer)
    await expect(keys.find(byId('one'))).rejects.toEqual(away)
  })

  it.each(['../../etc/passwd', "' OR 1=1 --", '__proto__', 'constructor', '', 'x'.repeat(10_000)])(
    'C09 only compares the key id %j',
    async (kid) => {
      const { keys, server } = start(keySet(one, two))
      await expect(keys.find(byId(kid))).rejects.toEqual(unknown)
      expect(server.loads).toBe(1)
    },
  )

  it('C09 takes the only key where no id is given, and tries none of several', async () => {
    const { keys } = start(keySet(one))
    await expect(keys.find({ alg: 'ES256' })).resolves.toBeDefined()
    const { keys: several } = start(keySet(one, two))
    await expect(several.find({ alg: 'ES256' })).rejects.toEqual(unknown)
  })

  it('C09 tries neither of two keys with one id', async () => {
    const twin = { ...two.jwk, kid: 'one' }
    const { keys } = start({ keys: [one.jwk, twin] })
    await expect(keys.find(byId('one'))).rejects.toEqual(unknown)
  })
})

describe('createGivenKeySet', () => {
  it('finds a key by its id', async () => {
    const keys = createGivenKeySet(keySet(one, two))
    await expect(keys.find(byId('two'))).resolves.toBeDefined()
    await expect(keys.find(byId('three'))).rejects.toEqual(unknown)
  })

  it.each([
    ['use', { use: 'enc' }],
    ['key_ops', { key_ops: ['sign'] }],
    ['alg', { alg: 'ES384' }],
  ])('C03 does not use a key for what its %s does not say', async (_, change) => {
    const keys = createGivenKeySet({ keys: [{ ...one.jwk, ...change }] })
    await expect(keys.find(byId('one'))).rejects.toEqual(unknown)
  })

  it('C03 verifies with no symmetric key', async () => {
    const secret = await exportJWK(await generateSecret('HS256', { extractable: true }))
    const keys = createGivenKeySet({ keys: [{ ...secret, kty: 'oct', kid: 'one' }] })
    for (const alg of ['HS256', 'ES256'])
      await expect(keys.find({ alg, kid: 'one' })).rejects.toEqual(unknown)
  })

  it('C03 verifies with no private key', async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const keys = createGivenKeySet({ keys: [{ ...(await exportJWK(privateKey)), kid: 'one' }] })
    await expect(keys.find(byId('one'))).rejects.toEqual(unknown)
  })
})

interface PromiseWithResolvers {
  promise: Promise<unknown>
  resolve: (value: unknown) => void
  reject: (error: Error) => void
}

function withResolvers(): PromiseWithResolvers {
  let resolve: PromiseWithResolvers['resolve'] = () => undefined
  let reject: PromiseWithResolvers['reject'] = () => undefined
  const promise = new Promise((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}

describe('keys that are asked for again', () => {
  it('C08 are asked for every 30 seconds while there are some and the server is away', async () => {
    const { keys, server, clock } = start(keySet(one))
    await keys.find(byId('one'))
    server.answer = unavailable('away')
    clock.move(10 * minute)
    await keys.find(byId('one'))
    expect(server.loads).toBe(2)
    clock.move(29_999)
    await keys.find(byId('one'))
    expect(server.loads).toBe(2)
    clock.move(1)
    await keys.find(byId('one'))
    expect(server.loads).toBe(3)
  })

  it('C08 are waited for by every token whose key is new', async () => {
    const { keys, server, clock } = start(keySet(one))
    await keys.find(byId('one'))
    server.answer = keySet(one, two)
    clock.move(31_000)
    const found = await Promise.all([keys.find(byId('two')), keys.find(byId('two'))])
    expect(found).toHaveLength(2)
    expect(server.loads).toBe(2)
  })

  it('C08 are none where one of them is none', async () => {
    const { keys } = start({ keys: [one.jwk, { kid: 'two' }] })
    await expect(keys.find(byId('one'))).rejects.toEqual(away)
  })
})

describe('what is said of keys', () => {
  it('names the rule', async () => {
    const { keys, server, clock } = start(keySet(one))
    const said = (kid: string) => keys.find(byId(kid)).catch(({ message }: Error) => message)
    expect(await said('two')).toBe('the issuer has no such key')
    server.answer = keySet(one, one)
    clock.move(10 * minute)
    expect(await said('one')).toBe('not exactly one usable key of the issuer fits')
    const other = start({})
    const saidThere = () => other.keys.find(byId('one')).catch(({ message }: Error) => message)
    expect(await saidThere()).toBe('the key set of the issuer cannot be read')
    expect(await saidThere()).toBe('the keys of the issuer are not available')
  })
})
