import { STATUS_CODES } from 'node:http'
import {
  type ClientName,
  createTestCertificates,
  legacyPost,
  modernPost,
  spiffeIds,
  type TestCertificates,
  toolCall,
  writePolicy,
} from '@mcp-mtls/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startExpress, startFastify, startNode } from './adapters.js'
import { toBytes } from './attempt.js'
import { type OpenServer, openServer, type ServerSetup } from './open-server.js'
import { isInstalled, run } from './programs.js'

const hasCurl = isInstalled('curl')
const hasOpenssl = isInstalled('openssl', 'version')
const withoutCurl = hasCurl ? '' : ' (skipped: no curl on this machine)'
const withoutOpenssl = hasOpenssl ? '' : ' (skipped: no openssl on this machine)'

let certificates: TestCertificates
let policy: string
beforeAll(async () => {
  certificates = await createTestCertificates()
  policy = await writePolicy(certificates.directory)
})
afterAll(() => certificates.remove())

function open(setup: Partial<ServerSetup> = {}): Promise<OpenServer> {
  const limits = { bodyBytes: 4096 }
  return openServer({ files: certificates.files, options: { policy, limits }, ...setup })
}

/** The JSON-RPC error of a code, byte by byte. */
function errorBody(code: number, message: string, id: number | null = null): string {
  return `{"jsonrpc":"2.0","id":${id},"error":{"code":${code},"message":"${message}"}}`
}

const ofError = { 'cache-control': 'no-store', 'content-type': 'application/json' }
const closing = { ...ofError, connection: 'close' }
const keptAlive = { connection: 'keep-alive', 'keep-alive': expect.stringMatching(/^timeout=\d+$/) }

interface Row {
  readonly what: string
  readonly client?: ClientName
  readonly method?: string
  readonly headers?: object
  readonly body?: string
  readonly status: string
  readonly answer: string
  readonly answerHeaders: Readonly<Record<string, unknown>>
}

const allowed = legacyPost(toolCall('search'))
const denied = errorBody(-31403, 'Not allowed', 1)
const invalid = errorBody(-32600, 'Invalid request')
const notFound = errorBody(-32601, 'Method not found', 1)

function refusedBody(what: string, body: string, answer: string): Row {
  const status = '400 Bad Request'
  return { what, ...allowed, body, status, answer, answerHeaders: { ...ofError, ...keptAlive } }
}

function wrongHeaders(what: string, headers: object, status: string, answer = invalid): Row {
  const all = { ...allowed.headers, ...headers }
  return {
    what,
    headers: all,
    body: allowed.body,
    status,
    answer,
    answerHeaders: { ...ofError, ...keptAlive },
  }
}

const rows: readonly Row[] = [
  {
    what: 'a denied tool',
    ...legacyPost(toolCall('deploy')),
    status: '200 OK',
    answer: denied,
    answerHeaders: { ...ofError, ...keptAlive },
  },
  {
    what: 'D13 a tool that does not exist, as a denied one',
    ...legacyPost(toolCall('no-such-tool')),
    status: '200 OK',
    answer: denied,
    answerHeaders: { ...ofError, ...keptAlive },
  },
  {
    what: 'D28 a principal without a role',
    client: 'stranger',
    ...allowed,
    status: '403 Forbidden',
    answer: errorBody(-31403, 'Not allowed'),
    answerHeaders: closing,
  },
  {
    what: 'a denied call sent as a notification',
    ...legacyPost({ ...toolCall('deploy'), id: undefined }),
    status: '403 Forbidden',
    answer: errorBody(-31403, 'Not allowed'),
    answerHeaders: { ...ofError, ...keptAlive },
  },
  refusedBody('malformed JSON', '{"jsonrpc":', errorBody(-32700, 'Parse error')),
  refusedBody('D01 a batch', `[${allowed.body}]`, invalid),
  refusedBody('D05 a null id', allowed.body.replace('"id":1', '"id":null'), invalid),
  refusedBody(
    'D04 a prototype key',
    allowed.body.replace('"arguments":{}', '"arguments":{"__proto__":{}}'),
    invalid,
  ),
  wrongHeaders('D03 text/plain', { 'content-type': 'text/plain' }, '415 Unsupported Media Type'),
  wrongHeaders('a content encoding', { 'content-encoding': 'gzip' }, '415 Unsupported Media Type'),
  {
    what: 'a body that is too large',
    ...legacyPost(toolCall('search', { query: 'x'.repeat(5000) })),
    status: `413 ${STATUS_CODES[413]}`,
    answer: invalid,
    answerHeaders: closing,
  },
  wrongHeaders(
    'D07 Mcp-Name of another tool',
    { 'mcp-name': 'docs.read' },
    '400 Bad Request',
    errorBody(-32020, 'The request headers and the body disagree', 1),
  ),
  {
    what: 'an unknown method, legacy',
    ...legacyPost({ ...toolCall('x'), method: 'no/such' }),
    status: '200 OK',
    answer: notFound,
    answerHeaders: { ...ofError, ...keptAlive },
  },
  {
    what: 'an unknown method, modern',
    ...modernPost({ ...toolCall('x'), method: 'no/such' }),
    status: '404 Not Found',
    answer: notFound,
    answerHeaders: { ...ofError, ...keptAlive },
  },
  {
    what: 'PUT',
    method: 'PUT',
    ...allowed,
    status: '405 Method Not Allowed',
    answer: invalid,
    answerHeaders: { ...ofError, ...keptAlive, allow: 'GET, POST, DELETE' },
  },
  wrongHeaders('D32 a foreign origin', { origin: 'https://evil.test' }, '403 Forbidden'),
  wrongHeaders('D32 the origin null', { origin: 'null' }, '403 Forbidden'),
  {
    what: 'D32 the preflight of a foreign origin',
    method: 'OPTIONS',
    headers: { origin: 'https://evil.test', 'access-control-request-method': 'POST' },
    status: '204 No Content',
    answer: '',
    answerHeaders: { 'cache-control': 'no-store', ...keptAlive, vary: 'origin' },
  },
  {
    what: 'an upgrade',
    method: 'GET',
    headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
    status: '426 Upgrade Required',
    answer: invalid,
    answerHeaders: closing,
  },
]

describe.skipIf(!hasCurl).each([
  ['plain Node', startNode, {}],
  ['Fastify', startFastify, {}],
  ['Express', startExpress, { 'x-powered-by': 'Express' }],
] as const)(`curl at %s${withoutCurl}`, (_, start, added) => {
  it('sees the answer of an allowed call', async () => {
    const server = await open({ start })
    const { status, body } = await curl(server.url, { client: 'reader', ...allowed })
    expect(status).toBe('200 OK')
    expect(JSON.parse(body)).toMatchObject({
      id: 1,
      result: { content: [{ text: `search for default/spiffe:${spiffeIds.reader}` }] },
    })
    expect(server.calls).toEqual(['search'])
  })

  it.each(rows)('sees a constant answer to $what', async (row) => {
    const server = await open({ start })
    const { client = 'reader', status, answer, answerHeaders } = row
    const seen = await curl(server.url, { ...row, client })
    expect(seen.status).toBe(status)
    expect(seen.body).toBe(answer)
    const { date, 'content-length': length, ...others } = seen.headers
    expect(date).toMatch(/GMT$/)
    expect(length).toBe(status.startsWith('204') ? undefined : String(Buffer.byteLength(answer)))
    expect(others).toEqual({ ...answerHeaders, ...added })
    expect(server.calls).toEqual([])
    const reasons = server.events.flatMap(({ reason = [], hint = [] }) => [reason, hint].flat())
    for (const reason of reasons) expect(seen.raw).not.toContain(reason)
  })

  it('D32 sees the preflight of an own origin answered with what a page may send', async () => {
    const server = await open({ start })
    const { origin } = new URL(server.url)
    const headers = { origin, 'access-control-request-method': 'POST' }
    const seen = await curl(server.url, { client: 'reader', method: 'OPTIONS', headers })
    expect(seen).toMatchObject({
      status: '204 No Content',
      body: '',
      headers: {
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'POST, GET, DELETE',
        'access-control-allow-headers': expect.stringContaining('mcp-protocol-version'),
      },
    })
  })

  it('D29 sees nothing of an error inside the guard but that there was one', async () => {
    const audit = () => {
      throw new Error('canary of the sink')
    }
    const server = await open({ start, options: { policy, audit } })
    const seen = await curl(server.url, { client: 'reader', ...allowed })
    expect(seen.status).toBe('500 Internal Server Error')
    expect(seen.body).toBe(errorBody(-32603, 'Internal error'))
    expect(seen.raw).not.toContain('canary')
    expect(server.calls).toEqual([])
  })
})

describe.skipIf(!hasCurl)(`curl without a good certificate${withoutCurl}`, () => {
  it.each(['none', 'foreign', 'expired'] as const)(
    'A14 A15 %s: gets no byte of HTTP',
    async (client) => {
      const server = await open()
      const { code, stdout, stderr } = await runCurl(server.url, { client, ...allowed })
      expect(code).not.toBe(0)
      expect(stdout).toBe('')
      expect(stderr).toMatch(/alert|reset|closed|errno|empty reply/i)
      expect(await server.eventOf('handshake')).toMatchObject({ effect: 'deny' })
      expect(server.calls).toEqual([])
    },
  )
})

describe.skipIf(!hasOpenssl)(`openssl s_client${withoutOpenssl}`, () => {
  function sClient(
    server: OpenServer,
    { client = 'reader', flags = [], input }: SClient,
  ): ReturnType<typeof run> {
    const { directory, files } = certificates
    const { host } = new URL(server.url)
    const own =
      client === 'none'
        ? []
        : ['-cert', `${directory}/${client}.crt`, '-key', `${directory}/${client}.key`]
    const trust = ['-CAfile', files.ca, '-verify_return_error', '-servername', 'localhost']
    return run('openssl', ['s_client', '-connect', host, ...trust, ...own, ...flags], { input })
  }

  it('speaks TLS 1.3 with the server and reads a pipelined pair of answers in order', async () => {
    const server = await open()
    const input = toBytes(allowed, 'keep-alive') + toBytes(legacyPost(toolCall('deploy')))
    const { stdout } = await sClient(server, { flags: ['-quiet', '-ign_eof'], input })
    const [first, second, ...none] = stdout.split(/(?<=})(?=HTTP\/1\.1)/)
    expect(none).toEqual([])
    expect(first).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(first).toContain(`search for default/spiffe:${spiffeIds.reader}`)
    expect(second).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(second?.endsWith(`\r\n\r\n${denied}`)).toBe(true)
    expect(server.calls).toEqual(['search'])
  })

  it('A14 is told by an alert that a certificate is required', async () => {
    const server = await open()
    const input = toBytes(allowed)
    const flags = ['-quiet', '-ign_eof']
    const { stdout, stderr } = await sClient(server, { client: 'none', flags, input })
    expect(stdout).toBe('')
    expect(stderr).toMatch(/alert certificate required|alert number 116/)
  })

  it('A20 is told by an alert that TLS 1.2 is too old', async () => {
    const server = await open()
    const { stdout, stderr, code } = await sClient(server, { flags: ['-tls1_2'], input: '' })
    expect(code).not.toBe(0)
    expect(`${stdout}${stderr}`).toMatch(/alert protocol version|alert number 70/)
  })

  it("A20 cannot renegotiate where minVersion is 'TLSv1.2'", async () => {
    const files = { ...certificates.files, minVersion: 'TLSv1.2' } as const
    const server = await open({ files })
    const { stdout, stderr } = await sClient(server, { flags: ['-tls1_2'], input: 'R\n' })
    expect(stdout).toContain('Protocol  : TLSv1.2')
    expect(stderr).toMatch(/RENEGOTIATING[\s\S]*(no renegotiation|unexpected eof)/)
    // It prints the server's certificate for each handshake that gets so far.
    expect(stderr.match(/^depth=0/gm)).toHaveLength(1)
  })
})

interface SClient {
  readonly client?: ClientName | 'none'
  readonly flags?: readonly string[]
  readonly input: string
}

type CurlRequest = Pick<Row, 'method' | 'headers' | 'body'> & {
  readonly client: ClientName | 'none'
}

interface CurlAnswer {
  readonly status: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly raw: string
}

function runCurl(
  url: string,
  { client, method = 'POST', headers = {}, body }: CurlRequest,
): ReturnType<typeof run> {
  const { directory, files } = certificates
  const own =
    client === 'none'
      ? []
      : ['--cert', `${directory}/${client}.crt`, '--key', `${directory}/${client}.key`]
  const lines = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const sent = body === undefined ? [] : ['--data-binary', '@-', '-H', 'Expect:']
  const args = ['-sS', '-i', '--http1.1', '-X', method, '--cacert', files.ca]
  return run(
    'curl',
    [...args, ...own, ...lines, ...sent, url],
    body === undefined ? {} : { input: body },
  )
}

async function curl(url: string, request: CurlRequest): Promise<CurlAnswer> {
  const { code, stdout, stderr } = await runCurl(url, request)
  if (code !== 0) throw new Error(`curl ended with ${code}: ${stderr}`)
  const end = stdout.indexOf('\r\n\r\n')
  const [statusLine = '', ...lines] = stdout.slice(0, end).split('\r\n')
  const pairs = lines.map((line) => {
    const colon = line.indexOf(': ')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)]
  })
  // A header sent twice would be lost in the record below.
  expect(new Set(pairs.map(([name]) => name)).size).toBe(pairs.length)
  return {
    status: statusLine.replace('HTTP/1.1 ', ''),
    headers: Object.fromEntries(pairs),
    body: stdout.slice(end + 4),
    raw: stdout,
  }
}
