import { definePolicy, type OAuthOptions, type Policy } from '@mcp-mtls/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTokenIssuer, type TokenIssuer } from '../authorization/token-issuer.js'
import { type ClientCredentials, spiffeIds } from '../certificates.js'
import { legacyPost, toolCall } from '../clients/messages.js'
import { rawRequest } from '../clients/raw-request.js'
import { thumbprintOf } from '../clients/thumbprint-of.js'
import { legacyServer, type Stage } from './stage.js'

const resource = 'https://mcp.acme.test/mcp'
const certificates = ['good', 'bad', 'none'] as const
const tokens = ['good', 'bad', 'none', 'unbound'] as const
type Table = Readonly<
  Record<(typeof certificates)[number], readonly [number, number, number, number]>
>

/**
 * What each requirement answers to each pair of credentials; columns as `tokens`. A good token is bound to
 * the good certificate. 403: the certificate is refused; 401: the token is.
 */
const truthTable: Readonly<Record<string, Table>> = {
  both: { good: [200, 401, 401, 200], bad: [403, 403, 403, 403], none: [403, 403, 403, 403] },
  'both, binding required': {
    good: [200, 401, 401, 401],
    bad: [403, 403, 403, 403],
    none: [403, 403, 403, 403],
  },
  certificate: {
    good: [200, 401, 200, 200],
    bad: [403, 403, 403, 403],
    none: [403, 403, 403, 403],
  },
  token: { good: [200, 401, 401, 200], bad: [401, 401, 401, 200], none: [401, 401, 401, 200] },
  either: { good: [200, 401, 200, 200], bad: [403, 403, 403, 403], none: [401, 401, 401, 200] },
}

type Requirement = NonNullable<OAuthOptions['require']>

const roles = { caller: { tools: ['search'] } } as const
const bySpiffe = { spiffe: spiffeIds.reader, roles: ['caller'] } as const
const byToken = { token: 'any', roles: ['caller'] } as const

const policies: Readonly<Record<Requirement, Policy>> = {
  both: definePolicy({ version: 1, roles, assignments: [{ ...bySpiffe, token: 'any' }] }),
  certificate: definePolicy({ version: 1, roles, assignments: [bySpiffe] }),
  token: definePolicy({ version: 1, roles, assignments: [byToken] }),
  either: definePolicy({ version: 1, roles, assignments: [bySpiffe, byToken] }),
}

/** Every pair of credentials against every requirement. */
export function describeCredentials(stage: Stage): void {
  describe('credentials', () => {
    let issuer: TokenIssuer
    beforeAll(async () => {
      const { clients } = stage.certificates
      issuer = await startTokenIssuer({
        certificates: stage.certificates,
        outbound: clients.operator,
        audience: resource,
      })
    })
    afterAll(() => issuer.close())

    it.each(Object.keys(truthTable))(
      'C11 answers every pair of credentials as the table says: %s',
      async (row) => {
        const [name = '', bound] = row.split(', ')
        const require = name as Requirement
        const oauth = {
          resource,
          issuers: [{ issuer: issuer.url, fetch: issuer.fetch }],
          ...(bound ? { require: 'both', binding: 'required' } : { require }),
        } as OAuthOptions
        const setup = {
          fixture: legacyServer(),
          clientCertificate: 'request',
          options: { oauth, policy: policies[require] },
        } as const
        await stage.play(setup, async ({ url }) => {
          const answered = await answerAll(stage, issuer, url)
          expect(answered).toEqual(truthTable[row])
        })
      },
    )

    it('prints the table', () => {
      process.stdout.write(`${formatTable()}\n`)
      expect(Object.keys(truthTable)).toHaveLength(5)
    })
  })
}

async function answerAll(stage: Stage, issuer: TokenIssuer, url: string): Promise<Table> {
  const { reader, foreign, none } = stage.certificates.clients
  const cnf = { 'x5t#S256': thumbprintOf(reader.cert) }
  const sent = {
    good: await issuer.issue({ cnf }),
    bad: await issuer.issue({ cnf, expiresIn: -3600 }),
    none: undefined,
    unbound: await issuer.issue(),
  }
  const send = async (certificate: ClientCredentials) =>
    Promise.all(tokens.map((token) => statusOf(url, certificate, sent[token])))
  const answered = { good: await send(reader), bad: await send(foreign), none: await send(none) }
  return answered as unknown as Table
}

async function statusOf(
  url: string,
  certificate: ClientCredentials,
  token: string | undefined,
): Promise<number> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const post = legacyPost(toolCall('search'), authorization)
  const { status, json } = await rawRequest(url, { certificate, ...post })
  // A denial of the policy is 200 too, and no row may be one.
  if (status === 200) expect(json).toMatchObject({ result: {} })
  return status
}

/** The table as docs/oauth.md shows it. */
export function formatTable(): string {
  const head = `| \`require\` | certificate | ${tokens.map((token) => `token ${token}`).join(' | ')} |`
  const rows = Object.entries(truthTable).flatMap(([name, table]) =>
    certificates.map(
      (certificate) => `| ${name} | ${certificate} | ${table[certificate].join(' | ')} |`,
    ),
  )
  return [head, '| --- | --- | --- | --- | --- | --- |', ...rows].join('\n')
}
