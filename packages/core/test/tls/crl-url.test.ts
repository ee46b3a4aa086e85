import { X509Certificate } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import {
  type CertificateAuthority,
  createCertificateAuthority,
  createRevocationList,
  type RevocationListRequest,
} from '@mcp-mtls/authority'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { TlsMaterialError } from '../../src/errors.js'
import type { Crl } from '../../src/tls/crl.js'
import { fetchCrl } from '../../src/tls/crl-fetch.js'
import { parseCrlLocations } from '../../src/tls/crl-location.js'
import { createCrlReader } from '../../src/tls/crl-reader.js'
import { createCrlUrl } from '../../src/tls/crl-url.js'
import type { NamedAuthority } from '../../src/tls/tls-material.js'
import { listen } from './exchange.js'

const day = 86_400_000
const minute = 60_000

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A CRL server whose answer can be changed, and what it was asked. */
async function serve(answer: RequestListener) {
  const asked: IncomingHttpHeaders[] = []
  const state = { answer }
  const server = createServer((request, response) => {
    asked.push(request.headers)
    state.answer(request, response)
  })
  const port = await listen(server)
  return { state, asked, url: new URL(`http://127.0.0.1:${port}/list.crl`) }
}

const sends =
  (body: string, headers: Record<string, string> = {}): RequestListener =>
  (_, response) => {
    response.writeHead(200, headers).end(body)
  }

async function start(first: string, headers: Record<string, string> = {}) {
  const server = await serve(sends(first, headers))
  const onUpdate = vi.fn()
  const onError = vi.fn()
  const crls = createCrlUrl({ url: server.url, onUpdate, onError })
  onTestFinished(crls.close)
  return { ...server, crls, onUpdate, onError }
}

function authorityOf(...cas: readonly CertificateAuthority[]): NamedAuthority {
  const anchors = cas.map((ca) => new X509Certificate(ca.certificate))
  return { name: 'default', anchors, trustDomains: [], origin: 'ca.crt' }
}

const list = (ca: CertificateAuthority, request?: RevocationListRequest): Promise<string> =>
  createRevocationList(ca, request)
const serials = (crls: readonly Crl[]): string[] => crls.flatMap(({ revoked }) => [...revoked])
const hoursAgo = (hours: number): Date => new Date(Date.now() - hours * 60 * minute)

describe('a CRL at a URL', () => {
  it('is downloaded once for all who read it', async () => {
    const ca = await createCertificateAuthority()
    const { crls, asked } = await start(await list(ca, { revoked: ['21'] }))
    const both = await Promise.all([crls.read(authorityOf(ca)), crls.read(authorityOf(ca))])
    expect(both.map(serials)).toEqual([['21'], ['21']])
    expect(serials(await crls.read(authorityOf(ca)))).toEqual(['21'])
    expect(asked).toHaveLength(1)
  })

  it('is asked for again within the hour, and tells when it is newer', async () => {
    const ca = await createCertificateAuthority()
    const { crls, state, asked, onUpdate } = await start(
      await list(ca, { thisUpdate: hoursAgo(2) }),
    )
    await crls.read(authorityOf(ca))
    state.answer = sends(await list(ca, { revoked: ['21'] }))
    vi.advanceTimersByTime(59 * minute)
    expect(asked).toHaveLength(1)
    vi.advanceTimersByTime(minute)
    await vi.waitFor(() => expect(onUpdate).toHaveBeenCalledTimes(1), 10_000)
    expect(serials(await crls.read(authorityOf(ca)))).toEqual(['21'])
    expect(asked).toHaveLength(2)
  })

  it('is asked for each minute when its next update is near', async () => {
    const ca = await createCertificateAuthority()
    const { crls, asked } = await start(
      await list(ca, { nextUpdate: new Date(Date.now() + 90_000) }),
    )
    await crls.read(authorityOf(ca))
    vi.advanceTimersByTime(minute - 1)
    expect(asked).toHaveLength(1)
    vi.advanceTimersByTime(1)
    await vi.waitFor(() => expect(asked).toHaveLength(2), 10_000)
  })

  it('is asked for under a condition; unchanged is no update', async () => {
    const ca = await createCertificateAuthority()
    const stamp = 'Sat, 03 Jan 2026 00:00:00 GMT'
    const headers = { etag: '"one"', 'last-modified': stamp }
    const { crls, state, asked, onUpdate, onError } = await start(await list(ca), headers)
    await crls.read(authorityOf(ca))
    state.answer = (_, response) => response.writeHead(304).end()
    vi.advanceTimersByTime(60 * minute)
    await vi.waitFor(() => expect(asked).toHaveLength(2), 10_000)
    expect(asked[0]).not.toHaveProperty('if-none-match')
    expect(asked[1]).toMatchObject({ 'if-none-match': '"one"', 'if-modified-since': stamp })
    await crls.read(authorityOf(ca))
    vi.advanceTimersByTime(60 * minute)
    await vi.waitFor(() => expect(asked).toHaveLength(3), 10_000)
    expect([onUpdate.mock.calls, onError.mock.calls]).toEqual([[], []])
  })

  it('is not replaced by an older list, which anybody on the way can replay', async () => {
    const ca = await createCertificateAuthority()
    const old = await list(ca, { thisUpdate: hoursAgo(9) })
    const { crls, state, asked, onUpdate } = await start(await list(ca, { revoked: ['21'] }))
    await crls.read(authorityOf(ca))
    state.answer = sends(old)
    vi.advanceTimersByTime(60 * minute)
    await vi.waitFor(() => expect(asked).toHaveLength(2), 10_000)
    await vi.advanceTimersByTimeAsync(0)
    expect(serials(await crls.read(authorityOf(ca)))).toEqual(['21'])
    expect(onUpdate).not.toHaveBeenCalled()
  })

  it('keeps what is in use when the server fails, says so, and asks again in a minute', async () => {
    const ca = await createCertificateAuthority()
    const { crls, state, asked, onUpdate, onError } = await start(
      await list(ca, { revoked: ['21'], thisUpdate: hoursAgo(2) }),
    )
    await crls.read(authorityOf(ca))
    state.answer = (_, response) => response.writeHead(500).end()
    vi.advanceTimersByTime(60 * minute)
    await vi.waitFor(() => expect(onError).toHaveBeenCalledTimes(1), 10_000)
    expect(onError.mock.calls[0]?.[0]).toBeInstanceOf(TlsMaterialError)
    expect(serials(await crls.read(authorityOf(ca)))).toEqual(['21'])
    state.answer = sends(await list(ca, { revoked: ['22'] }))
    vi.advanceTimersByTime(minute)
    await vi.waitFor(() => expect(onUpdate).toHaveBeenCalledTimes(1), 10_000)
    expect(serials(await crls.read(authorityOf(ca)))).toEqual(['22'])
    expect(asked).toHaveLength(3)
  })

  it('takes no list of another CA, and asks anew for an authority that is new', async () => {
    const [before, after] = [
      await createCertificateAuthority(),
      await createCertificateAuthority({ name: 'New' }),
    ]
    const { crls, state, asked, onUpdate, onError } = await start(await list(before))
    await crls.read(authorityOf(before))
    state.answer = sends(await list(after, { revoked: ['21'] }))
    vi.advanceTimersByTime(60 * minute)
    await vi.waitFor(() => expect(onError).toHaveBeenCalledTimes(1), 10_000)
    expect(onUpdate).not.toHaveBeenCalled()
    expect(serials(await crls.read(authorityOf(before)))).toEqual([])
    expect(serials(await crls.read(authorityOf(after)))).toEqual(['21'])
    const third = authorityOf(await createCertificateAuthority({ name: 'Third' }))
    await expect(crls.read(third)).rejects.toThrow('no CA of')
    expect(asked.length).toBeGreaterThan(2)
  })

  it('is asked on time however often it is read', async () => {
    const ca = await createCertificateAuthority()
    const { crls, asked } = await start(await list(ca))
    for (let minutes = 0; minutes < 60; minutes += 10) {
      await crls.read(authorityOf(ca))
      vi.advanceTimersByTime(10 * minute)
    }
    await vi.waitFor(() => expect(asked).toHaveLength(2), 10_000)
  })

  it('is asked at once on demand, which tells of a failure', async () => {
    const ca = await createCertificateAuthority()
    const { crls, state } = await start(await list(ca, { thisUpdate: hoursAgo(2) }))
    await crls.read(authorityOf(ca))
    state.answer = sends(await list(ca, { revoked: ['21'] }))
    await crls.refresh()
    state.answer = sends('')
    await expect(crls.refresh()).rejects.toThrow(TlsMaterialError)
    expect(serials(await crls.read(authorityOf(ca)))).toEqual(['21'])
  })

  it('is left alone once closed', async () => {
    const ca = await createCertificateAuthority()
    const { crls, asked, onError } = await start(await list(ca))
    await crls.read(authorityOf(ca))
    crls.close()
    vi.advanceTimersByTime(day)
    await vi.advanceTimersByTimeAsync(0)
    expect([asked.length, onError.mock.calls.length]).toEqual([1, 0])
  })
})

describe('fetchCrl', () => {
  it('A29 forgets a date of the future, which would hide every newer list', async () => {
    const freshnessOf = async (stamp: string) => {
      const { url } = await serve(sends('x', { 'last-modified': stamp }))
      return (await fetchCrl(url, undefined, new AbortController().signal)).freshness.lastModified
    }
    const past = 'Sat, 03 Jan 2026 00:00:00 GMT'
    expect(await freshnessOf(past)).toBe(past)
    expect(await freshnessOf('Sat, 03 Jan 2099 00:00:00 GMT')).toBeUndefined()
    expect(await freshnessOf('tomorrow')).toBeUndefined()
  })

  const ask = async (answer: RequestListener) => {
    const { url } = await serve(answer)
    return fetchCrl(url, undefined, new AbortController().signal)
  }

  it.each<[string, RequestListener, string]>([
    [
      'a redirect',
      (_, response) => response.writeHead(302, { location: '/other' }).end(),
      'redirects are not followed',
    ],
    ['an error', (_, response) => response.writeHead(404).end('no'), 'answered 404.'],
    [
      'an unchanged that nobody asked for',
      (_, response) => response.writeHead(304).end(),
      'answered 304',
    ],
    ['a connection cut', (request) => request.socket.destroy(), 'cannot be reached'],
    [
      'more than 16 MiB',
      (_, response) => {
        response.write(Buffer.alloc(9 * 1024 * 1024))
        response.end(Buffer.alloc(9 * 1024 * 1024))
      },
      'more than 16777216 bytes',
    ],
  ])('refuses %s, and names the URL', async (_, answer, problem) => {
    await expect(ask(answer)).rejects.toThrow(problem)
    await expect(ask(answer)).rejects.toThrow(
      /^http:\/\/127\.0\.0\.1:\d+\/list\.crl: the CRL server/,
    )
  })

  it('gives up after ten seconds, also amid the body', async () => {
    for (const answer of [
      () => undefined,
      ((_, response) => response.write('-')) as RequestListener,
    ]) {
      const { url, asked } = await serve(answer)
      const waiting = fetchCrl(url, undefined, new AbortController().signal)
      const refusal = expect(waiting).rejects.toThrow('did not answer in ten seconds')
      await vi.waitFor(() => expect(asked).toHaveLength(1), 10_000)
      vi.advanceTimersByTime(10_000)
      await refusal
    }
  })
})

describe('the option crl', () => {
  it('is a path, a URL or a list of them', () => {
    const file = new URL('file:///tls/ca.crl')
    expect(parseCrlLocations(undefined, 'crl')).toEqual([])
    expect(
      parseCrlLocations(['a.crl', file, 'https://ca.test/a', new URL('http://ca.test/b')], 'crl'),
    ).toEqual([
      { file: 'a.crl' },
      { file: '/tls/ca.crl' },
      { url: new URL('https://ca.test/a') },
      { url: new URL('http://ca.test/b') },
    ])
  })

  it.each([
    ['an empty list', [], 'empty list'],
    ['an empty text', '', 'must be a path'],
    ['PEM text', '-----BEGIN X509 CRL-----', 'PEM text'],
    ['another protocol', new URL('ftp://ca.test/a'), 'names no local file'],
    ['a URL with a password', 'https://user:secret@ca.test/a', 'without user name'],
    ['no URL', 'https://', 'is no URL'],
    ['a number', 7, 'must be a path'],
  ])('refuses %s', (_, value, problem) => {
    expect(() => parseCrlLocations(value, 'crl')).toThrow(problem)
    expect(() => parseCrlLocations(value, 'crl')).not.toThrow('secret')
  })
})

describe('a reader of CRLs', () => {
  it('reads files and URLs of an authority, and takes a URL only for lists of its CAs', async () => {
    const [ca, other] = [
      await createCertificateAuthority(),
      await createCertificateAuthority({ name: 'Other' }),
    ]
    const { url, state } = await serve(sends(await list(ca, { revoked: ['22'] })))
    const reader = createCrlReader({ onUpdate: () => undefined, onError: () => undefined })
    onTestFinished(reader.close)
    const authority = authorityOf(ca)
    const texts = { a: await list(ca, { revoked: ['21'] }) }
    const readFile = async (file: string) => Buffer.from(file === 'a.crl' ? texts.a : '')
    const places = [{ file: 'a.crl' }, { url }]
    expect(serials(await reader.read({ authority, places, readFile }))).toEqual(['21', '22'])
    await expect(reader.read({ authority, places: [{ file: 'b.crl' }], readFile })).rejects.toThrow(
      'b.crl',
    )
    texts.a = await list(ca, { revoked: ['23'] })
    expect(serials(await reader.read({ authority, places, readFile }))).toEqual(['23', '22'])
    expect(serials(await reader.read({ authority, places, readFile }))).toEqual(['23', '22'])
    state.answer = sends(await list(other))
    const partner = { ...authority, name: 'partner' }
    await expect(reader.read({ authority: partner, places, readFile })).rejects.toThrow('no CA of')
  })
})
