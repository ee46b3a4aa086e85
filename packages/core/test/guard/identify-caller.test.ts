import { describe, expect, it } from 'vitest'
import type { AuditFacts } from '../../src/audit/event.js'
import { CertificateError, RequestError, TokenError } from '../../src/errors.js'
import type { GuardContext } from '../../src/guard/context.js'
import { type Caller, identifyCaller } from '../../src/guard/identify-caller.js'
import { createPrincipals } from '../../src/guard/principals.js'
import type { Requirement, Tokens } from '../../src/guard/tokens.js'
import { definePolicy } from '../../src/policy/define.js'
import { peer, token } from '../policy/peer.js'
import { requestWith } from './bearers.js'

const policy = definePolicy({
  version: 1,
  roles: { reader: { tools: ['search'] }, user: { tools: ['mail'] } },
  assignments: [
    { dns: 'agent.test', roles: ['reader'] },
    {
      dns: 'gpt.test',
      roles: ['user'],
      token: { subject: ['alice'] },
      challenge: 'tool-result',
    },
  ],
})

const corp = { name: 'corp', anchors: [], trustDomains: [] }
const observable = { ...corp, name: 'openai', certificate: 'observe' }
const alice = token()
const certificates = {
  good: peer({ dns: ['agent.test'] }),
  gpt: peer({ dns: ['gpt.test'] }),
  bad: new CertificateError('expired', 'is over'),
  none: new CertificateError('no-certificate', 'there is none'),
  plain: new CertificateError('no-tls', 'there is no TLS'),
  detached: new RequestError(503, -32603, 'not attached'),
}
const presented = {
  good: alice,
  bad: new TokenError('inactive', 'is not active'),
  none: undefined,
  proof: new TokenError('proof', 'is of another key'),
  nonce: new TokenError('proof-nonce', 'is old'),
  malformed: new RequestError(400, -32600, 'is sent twice'),
}

type Certificate = keyof typeof certificates
type Presented = keyof typeof presented

interface Setting {
  readonly require?: Requirement
  readonly certificate: Certificate
  readonly token?: Presented
  /** Whether what there is to say of the token is there at once. */
  readonly atOnce?: boolean
  /** Whether the certificates of one authority are only observed. */
  readonly observed?: boolean
}

/** Who is calling, and which certificate the token was looked at with. */
async function identify(setting: Setting) {
  const { require, certificate, token = 'none', atOnce = true, observed = false } = setting
  const events: AuditFacts[] = []
  const seen: unknown[] = []
  const held = certificates[certificate]
  const sent = presented[token]
  const read: Tokens['read'] = (_req, sender) => {
    seen.push(sender.certificate)
    if (sent instanceof Error) {
      if (atOnce) throw sent
      return Promise.reject(sent)
    }
    return atOnce ? sent : Promise.resolve(sent)
  }
  const context = {
    settings: { tls: { authorities: observed ? [corp, observable] : [corp] } },
    audit: (facts: AuditFacts) => void events.push(facts),
    tokens: require && ({ require, read } as unknown as Tokens),
    principals: createPrincipals(['dns']),
    connections: {
      certificate: () => {
        if (held instanceof Error) throw held
        return held
      },
    },
  } as unknown as GuardContext
  try {
    return { caller: await identifyCaller(context, requestWith({}), policy), seen, events }
  } catch (error) {
    return { error, seen, events }
  }
}

function named({ caller, error }: { caller?: Caller; error?: unknown }): unknown {
  if (caller === undefined) return error instanceof TokenError ? error.reason : error
  return caller.principal.name
}

const both = 'default/dns:agent.test+https://as.test#alice'
const certificateAlone = 'default/dns:agent.test'
const tokenAlone = '+https://as.test#alice'
const { bad, none, plain, detached } = certificates

describe('the caller', () => {
  it('is the certificate where there is no OAuth, and whatever is wrong with it is thrown', async () => {
    expect(named(await identify({ certificate: 'good' }))).toBe(certificateAlone)
    for (const certificate of ['bad', 'none', 'plain', 'detached'] as const)
      expect(named(await identify({ certificate }))).toBe(certificates[certificate])
  })

  // [require, certificate, with a good token, with none]; a bad token is refused in every cell.
  it.each([
    ['both', 'good', both, 'missing'],
    ['both', 'bad', bad, bad],
    ['both', 'none', none, none],
    ['certificate', 'good', both, certificateAlone],
    ['certificate', 'bad', bad, bad],
    ['certificate', 'none', none, none],
    ['either', 'good', both, certificateAlone],
    ['either', 'bad', bad, bad],
    ['either', 'none', tokenAlone, 'missing'],
    ['either', 'plain', plain, plain],
    ['token', 'good', tokenAlone, 'missing'],
    ['token', 'bad', tokenAlone, 'missing'],
    ['token', 'none', tokenAlone, 'missing'],
    ['token', 'plain', plain, plain],
    ['token', 'detached', detached, detached],
  ] as const)(
    'C11 with require %s and a certificate that is %s',
    async (require, certificate, good, without) => {
      for (const atOnce of [true, false]) {
        const setting = { require, certificate, atOnce }
        expect(named(await identify({ ...setting, token: 'good' }))).toBe(good)
        expect(named(await identify({ ...setting, token: 'none' }))).toBe(without)
        const refused = good instanceof Error ? good : 'inactive'
        expect(named(await identify({ ...setting, token: 'bad' }))).toBe(refused)
      }
    },
  )

  it.each(['both', 'certificate', 'either'] as const)(
    'C08 with require %s and a bad certificate causes no work with its token',
    async (require) => {
      const { seen } = await identify({ require, certificate: 'bad', token: 'good' })
      expect(seen).toEqual([])
    },
  )

  it('C10 of a token alone has it looked at with the certificate all the same', async () => {
    const { seen } = await identify({ require: 'token', certificate: 'good', token: 'good' })
    expect(seen).toEqual([certificates.good])
    const without = await identify({ require: 'token', certificate: 'bad', token: 'good' })
    expect(without.seen).toEqual([undefined])
  })
})

describe('a caller that is told of its token in the results of its tools', () => {
  const setting = { require: 'certificate', certificate: 'gpt', token: 'bad' } as const

  it.each([true, false])('comes as far as the call, with what is wrong: %s', async (atOnce) => {
    const { caller } = await identify({ ...setting, atOnce })
    expect(caller?.refusedToken).toBe(presented.bad)
    expect(caller?.principal).toMatchObject({ name: 'default/dns:gpt.test', roles: [] })
    expect(caller?.principal).not.toHaveProperty('token')
  })

  it('has nothing refused where its token is good', async () => {
    const { caller } = await identify({ ...setting, token: 'good' })
    expect(caller).not.toHaveProperty('refusedToken')
    expect(caller?.principal.roles).toEqual(['user'])
  })

  it.each(['proof', 'nonce', 'malformed'] as const)(
    'is told of a %s by the answer itself',
    async (token) => {
      expect((await identify({ ...setting, token })).error).toBe(presented[token])
    },
  )

  it('is one the policy names, and needs no token by the options', async () => {
    const error = presented.bad
    expect(await identify({ ...setting, certificate: 'good' })).toMatchObject({ error })
    expect(await identify({ ...setting, require: 'both' })).toMatchObject({ error })
    expect(await identify({ ...setting, require: 'either' })).toMatchObject({ error })
  })
})

describe('a caller whose certificate is only observed', () => {
  const observed = true

  it.each(['both', 'certificate', 'either'] as const)(
    'C11 is known by its token where the certificate is absent or bad, on record: %s',
    async (require) => {
      for (const certificate of ['bad', 'none'] as const) {
        const { caller, seen, events } = await identify({
          ...{ require, certificate, observed },
          token: 'good',
        })
        expect(caller?.principal).toMatchObject({ name: tokenAlone, observedAuthority: 'openai' })
        expect(caller?.principal).not.toHaveProperty('certificate')
        expect(seen).toEqual([undefined])
        const { reason } = certificates[certificate]
        expect(events).toMatchObject([{ type: 'authentication', effect: 'would-deny', reason }])
      }
    },
  )

  it.each(['both', 'certificate', 'either'] as const)(
    'C11 is nobody without a good token: %s',
    async (require) => {
      for (const certificate of ['bad', 'none'] as const) {
        const setting = { require, certificate, observed }
        const refusals = [await identify(setting), await identify({ ...setting, token: 'bad' })]
        expect(refusals.map(named)).toEqual(['missing', 'inactive'])
        expect(refusals.flatMap(({ events }) => events)).toEqual([])
      }
    },
  )

  it('is known by a good certificate as ever, and nothing is on record', async () => {
    const { caller, events } = await identify({
      ...{ require: 'both', certificate: 'good', token: 'good', observed },
    })
    expect(caller?.principal.name).toBe(both)
    expect(caller?.principal).not.toHaveProperty('observedAuthority')
    expect(events).toEqual([])
  })

  it('is not looked for where no certificate is a credential', async () => {
    const setting = { require: 'token', certificate: 'bad', token: 'good', observed } as const
    const { caller, events } = await identify(setting)
    expect(caller?.principal).not.toHaveProperty('observedAuthority')
    expect(events).toEqual([])
  })

  it('is told to the operator where no token stands in for it', async () => {
    const { error } = await identify({ require: 'both', certificate: 'bad', observed })
    expect(error).toHaveProperty('message', 'no access token in place of the certificate: is over')
    const enforced = await identify({ require: 'both', certificate: 'good' })
    expect(enforced.error).toHaveProperty('message', 'the request carries no access token')
  })

  it.each(['plain', 'detached'] as const)(
    'is refused on a connection that is %s all the same',
    async (certificate) => {
      const setting = { require: 'both', certificate, token: 'good', observed } as const
      expect((await identify(setting)).error).toBe(certificates[certificate])
    },
  )
})
