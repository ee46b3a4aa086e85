import { X509Certificate } from 'node:crypto'
import { createServer } from 'node:http'
import {
  type CertificateAuthority,
  createCertificateAuthority,
  createRevocationList,
} from '@mcp-mtls/authority'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Crl } from '../../src/tls/crl.js'
import { checkCrls, toCrls } from '../../src/tls/crl-coverage.js'
import type { CrlPlace } from '../../src/tls/crl-location.js'
import { createCrlReader } from '../../src/tls/crl-reader.js'
import type { NamedAuthority } from '../../src/tls/tls-material.js'
import {
  buildCrl,
  entry,
  extension,
  foreignCrls,
  issuingPoint,
  toCrlPem,
  utcTime,
} from './crl-builder.js'
import { listen } from './exchange.js'

const minute = 60_000
const second = Math.floor(Date.now() / 1000) * 1000

interface ListRequest {
  readonly revoked?: string
  readonly minutesAgo: number
  readonly number?: number
}

/** A list of a CA, numbered by its date unless it says otherwise. */
function listOf(ca: CertificateAuthority, { minutesAgo, revoked, number }: ListRequest) {
  return createRevocationList(ca, {
    thisUpdate: new Date(second - minutesAgo * minute),
    nextUpdate: new Date(second + 600 * minute),
    number: number ?? 1000 - minutesAgo,
    ...(revoked !== undefined && { revoked: [revoked] }),
  })
}

function authorityOf(...cas: readonly CertificateAuthority[]): NamedAuthority {
  const anchors = cas.map((ca) => new X509Certificate(ca.certificate))
  return { name: 'default', anchors, trustDomains: [], origin: 'ca.crt' }
}

/** What the material comes to: the serial numbers that the CRLs in use list, and how old these are. */
function toUse(crls: readonly Crl[], authority: NamedAuthority) {
  const checked = checkCrls({ authority, crls, onStaleCrl: 'deny', now: Date.now() })
  const used = toCrls(checked.coverage)
  return {
    revoked: used.flatMap(({ revoked }) => [...revoked]).sort(),
    dates: used.map(({ thisUpdate }) => thisUpdate),
    warnings: checked.warnings,
  }
}

/** A reader of one URL whose answer can be changed. */
async function open(first: string | Buffer, ...cas: readonly CertificateAuthority[]) {
  const state = { body: first, headers: {}, authority: authorityOf(...cas) }
  const asked: (string | undefined)[] = []
  const server = createServer((request, response) => {
    asked.push(request.headers['if-none-match'] ?? request.headers['if-modified-since'])
    response.writeHead(200, state.headers).end(state.body)
  })
  const url = new URL(`http://127.0.0.1:${await listen(server)}/list.crl`)
  const reader = createCrlReader({ onUpdate: () => undefined, onError: () => undefined })
  onTestFinished(reader.close)
  const read = () => {
    const { authority } = state
    return reader.read({ authority, places: [{ url }], readFile: async () => Buffer.alloc(0) })
  }
  const judge = async () => toUse(await read(), state.authority)
  async function revoked() {
    return (await judge()).revoked
  }
  return { state, url, reader, asked, read, judge, revoked, refresh: reader.refresh }
}

async function createHierarchy() {
  const root = await createCertificateAuthority({ name: 'Root' })
  return { root, issuing: await root.child({ name: 'Issuing' }) }
}

describe('a CRL server that somebody stands before', () => {
  it('A29 A27 keeps a list that the answer leaves out: another CA of the bundle is no substitute', async () => {
    const { root, issuing } = await createHierarchy()
    const both =
      (await listOf(root, { minutesAgo: 40 })) +
      (await listOf(issuing, { minutesAgo: 40, revoked: '21' }))
    const { state, refresh, revoked } = await open(both, root, issuing)
    expect(await revoked()).toEqual(['21'])
    state.body = await listOf(root, { minutesAgo: 10, revoked: '22' })
    await refresh()
    expect(await revoked()).toEqual(['21', '22'])
    state.body = await listOf(issuing, { minutesAgo: 5, revoked: '23' })
    await refresh()
    expect(await revoked()).toEqual(['22', '23'])
  })

  it('A29 takes the newer list of one CA of the answer, and not the older one of the other', async () => {
    const { root, issuing } = await createHierarchy()
    const old = await listOf(issuing, { minutesAgo: 50 })
    const first =
      (await listOf(root, { minutesAgo: 40 })) +
      (await listOf(issuing, { minutesAgo: 30, revoked: '21' }))
    const { state, refresh, revoked } = await open(first, root, issuing)
    expect(await revoked()).toEqual(['21'])
    state.body = (await listOf(root, { minutesAgo: 10, revoked: '22' })) + old
    await refresh()
    expect(await revoked()).toEqual(['21', '22'])
  })

  it('A29 goes by keys, not names: a CA with two keys has two lists', async () => {
    const [first, second] = [
      await createCertificateAuthority({ name: 'Twin' }),
      await createCertificateAuthority({ name: 'Twin' }),
    ]
    const old = await listOf(second, { minutesAgo: 50 })
    const body =
      (await listOf(first, { minutesAgo: 40 })) +
      (await listOf(second, { minutesAgo: 30, revoked: '21' }))
    const { state, refresh, revoked } = await open(body, first, second)
    expect(await revoked()).toEqual(['21'])
    state.body = (await listOf(first, { minutesAgo: 10, revoked: '22' })) + old
    await refresh()
    expect(await revoked()).toEqual(['21', '22'])
  })

  it('A29 goes by scope: an older list of one distribution point stays out beside a newer one of another', async () => {
    const ca = await createCertificateAuthority()
    const at = (name: string, { minutesAgo, revoked }: ListRequest) =>
      toCrlPem(
        buildCrl(ca, {
          thisUpdate: utcTime(second - minutesAgo * minute),
          entries: revoked === undefined ? [] : [entry(revoked)],
          extensions: [extension(0x1c, issuingPoint(`http://ca.test/${name}`), true)],
        }),
      )
    const first = at('a', { minutesAgo: 40 }) + at('b', { minutesAgo: 30, revoked: '21' })
    const { state, refresh, revoked } = await open(first, ca)
    expect(await revoked()).toEqual(['21'])
    state.body = at('a', { minutesAgo: 10, revoked: '22' }) + at('b', { minutesAgo: 50 })
    await refresh()
    expect(await revoked()).toEqual(['21', '22'])
  })

  it('A29 takes the higher number of the same second, and never the lower one again', async () => {
    const ca = await createCertificateAuthority()
    const first = await listOf(ca, { minutesAgo: 1, number: 1 })
    const { state, refresh, revoked } = await open(first, ca)
    expect(await revoked()).toEqual([])
    state.body = await listOf(ca, { minutesAgo: 1, number: 2, revoked: '21' })
    await refresh()
    expect(await revoked()).toEqual(['21'])
    state.body = first
    await refresh()
    expect(await revoked()).toEqual(['21'])
  })

  it('A29 takes a later list of a CA that began its numbers anew, and never the old one again', async () => {
    const ca = await createCertificateAuthority()
    const old = await listOf(ca, { minutesAgo: 30, number: 5000 })
    const { state, refresh, revoked } = await open(old, ca)
    expect(await revoked()).toEqual([])
    state.body = await listOf(ca, { minutesAgo: 1, number: 1, revoked: '21' })
    await refresh()
    expect(await revoked()).toEqual(['21'])
    state.body = old
    await refresh()
    expect(await revoked()).toEqual(['21'])
  })

  it('A24 A29 refuses a flood of lists before it parses one, and keeps what is in use', async () => {
    const ca = await createCertificateAuthority()
    const good = buildCrl(ca, { entries: [entry('21')] })
    const { state, refresh, revoked } = await open(good, ca)
    expect(await revoked()).toEqual(['21'])
    state.body = Buffer.concat([good, ...foreignCrls(20_000)])
    const started = performance.now()
    await expect(refresh()).rejects.toThrow('more than 64 CRLs')
    expect(performance.now() - started).toBeLessThan(2_000)
    expect(await revoked()).toEqual(['21'])
  })

  it('A24 holds no list that no CA of the bundle signed, and warns of one', async () => {
    const ca = await createCertificateAuthority()
    const good = buildCrl(ca, { entries: [entry('21')] })
    const { state, refresh, judge, read } = await open(good, ca)
    await read()
    state.body = Buffer.concat([good, ...foreignCrls(63)])
    await refresh()
    expect(await read()).toHaveLength(2)
    expect(await judge()).toMatchObject({
      revoked: ['21'],
      warnings: [expect.stringContaining('is of no use')],
    })
    state.body = good
    await refresh()
    expect((await judge()).warnings).toEqual([])
  })

  it('A24 holds no more than 64 lists, also when they come one after the other', async () => {
    const ca = await createCertificateAuthority()
    const at = (name: number) =>
      buildCrl(ca, {
        extensions: [extension(0x1c, issuingPoint(`http://ca.test/${name}`), true)],
      })
    const { state, refresh, read } = await open(
      Buffer.concat(Array.from({ length: 64 }, (_, index) => at(index))),
      ca,
    )
    expect(await read()).toHaveLength(64)
    state.body = at(64)
    await expect(refresh()).rejects.toThrow('more than 64 CRLs')
    expect(await read()).toHaveLength(64)
  })

  it('A29 asks without condition after an answer that went back, and once a list is stale', async () => {
    const ca = await createCertificateAuthority()
    const first = await listOf(ca, { minutesAgo: 30 })
    const { state, asked, refresh, read } = await open(first, ca)
    await read()
    state.headers = { etag: '"poison"' }
    state.body = await listOf(ca, { minutesAgo: 40 })
    await refresh()
    await refresh()
    state.body = first
    await refresh()
    await refresh()
    vi.useFakeTimers({ toFake: ['Date'], now: second + 601 * minute })
    onTestFinished(() => void vi.useRealTimers())
    await refresh()
    expect(asked).toEqual([undefined, undefined, undefined, undefined, '"poison"', undefined])
  })
})

describe('a bundle that changes while its CRLs are at a URL', () => {
  it('A29 has the list of a CA that is added, which the last answer held already', async () => {
    const { root, issuing } = await createHierarchy()
    const both =
      (await listOf(root, { minutesAgo: 40 })) +
      (await listOf(issuing, { minutesAgo: 40, revoked: '21' }))
    const { state, revoked, judge, asked } = await open(both, root)
    expect(await judge()).toMatchObject({
      revoked: [],
      warnings: [expect.stringContaining('of no use')],
    })
    state.authority = authorityOf(root, issuing)
    expect(await judge()).toMatchObject({ revoked: ['21'], warnings: [] })
    state.authority = authorityOf(root)
    expect(await revoked()).toEqual([])
    state.authority = authorityOf(root, issuing)
    expect(await revoked()).toEqual(['21'])
    expect(asked).toHaveLength(1)
  })

  it('A29 asks anew where nothing held is of its CAs', async () => {
    const [before, after] = [
      await createCertificateAuthority({ name: 'Before' }),
      await createCertificateAuthority({ name: 'After' }),
    ]
    const { state, revoked, read } = await open(await listOf(before, { minutesAgo: 9 }), before)
    expect(await revoked()).toEqual([])
    state.authority = authorityOf(after)
    await expect(read()).rejects.toThrow('no CA of authority "default"')
    state.body = await listOf(after, { minutesAgo: 8, revoked: '21' })
    expect(await revoked()).toEqual(['21'])
  })

  it('A29 leaves the lists of a key behind that left', async () => {
    const [old, renewed] = [
      await createCertificateAuthority({ name: 'Twin' }),
      await createCertificateAuthority({ name: 'Twin' }),
    ]
    const body =
      (await listOf(old, { minutesAgo: 9 })) +
      (await listOf(renewed, { minutesAgo: 8, revoked: '21' }))
    const { state, revoked, read } = await open(body, old, renewed)
    expect(await read()).toHaveLength(2)
    state.authority = authorityOf(renewed)
    expect(await read()).toHaveLength(1)
    expect(await revoked()).toEqual(['21'])
  })
})

describe('a file of CRLs', () => {
  it('A29 is taken as it is, also with an older list than before, unless a URL has a newer one', async () => {
    const ca = await createCertificateAuthority()
    const { state, url, reader } = await open(
      await listOf(ca, { minutesAgo: 20, revoked: '22' }),
      ca,
    )
    const datesOf = async (minutesAgo: number, places: readonly CrlPlace[]) => {
      const text = await listOf(ca, { minutesAgo, revoked: '21' })
      const { authority } = state
      const crls = await reader.read({ authority, places, readFile: async () => Buffer.from(text) })
      return toUse(crls, authority).dates
    }
    const file = { file: 'a.crl' }
    expect(await datesOf(10, [file])).toEqual([second - 10 * minute])
    expect(await datesOf(30, [file])).toEqual([second - 30 * minute])
    expect(await datesOf(30, [file, { url }])).toEqual([second - 20 * minute])
  })
})
