import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { AuditEvent } from '../../src/audit/event.js'
import { createGuard } from '../../src/guard/create-guard.js'
import type { GuardOptions } from '../../src/guard/options.js'
import { tlsFromFiles } from '../../src/tls/tls-from-files.js'
import { createFolder, createVolume, replaceFile } from '../policy/k8s-volume.js'
import { createCertificateFiles } from '../tls/certificate-files.js'
import { callTool, createLog, spiffeId } from './stage.js'

const agent = 'spiffe://acme.test/agents/reader'

/** A policy that gives the reader these entries. */
function yaml(tools: readonly string[], resources: readonly string[] = ['file:///a']): string {
  return [
    'version: 1',
    `roles: { reader: { tools: ${JSON.stringify(tools)}, resources: ${JSON.stringify(resources)} } }`,
    `assignments: [{ spiffe: '${agent}', roles: [reader] }]`,
    '',
  ].join('\n')
}

const nobody = 'version: 1\nroles: { reader: { tools: [search] } }\n'

interface Reply {
  readonly status: number
  readonly json: unknown
  readonly socket: object
}

type Handler = (req: IncomingMessage, res: ServerResponse, body: unknown) => void | Promise<void>

/** A guard whose policy is a file, and one client on one kept-alive connection. */
async function openFile(path: string, handler: Handler, options: Partial<GuardOptions> = {}) {
  const files = await createCertificateFiles()
  const tls = await tlsFromFiles(files.options)
  const events: AuditEvent[] = []
  const log = createLog()
  const audit = (event: AuditEvent) => void events.push(event)
  const guard = createGuard({ policy: path, tls, logger: log, audit, ...options })
  const server = tls.createServer(guard.protect(handler))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = await files.ca.issue({ usage: 'client', uri: [spiffeId] })
  const connection = new Agent({ keepAlive: true, maxSockets: 1 })
  const sockets = new Agent({ keepAlive: true })
  onTestFinished(async () => {
    connection.destroy()
    sockets.destroy()
    server.closeAllConnections()
    server.close()
    await guard.close()
    await tls.close()
  })
  await guard.ready

  function open(body: unknown, how: { readonly agent: Agent; readonly method?: string }) {
    const outgoing = request({
      host: '127.0.0.1',
      servername: 'localhost',
      port: (server.address() as AddressInfo).port,
      method: how.method ?? 'POST',
      agent: how.agent,
      cert: client.chain,
      key: client.key,
      ca: files.ca.certificate,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headersOf(body),
      },
    })
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
    return outgoing
  }

  async function send(body: unknown, agentToUse = connection): Promise<Reply> {
    const [response] = await once(open(body, { agent: agentToUse }), 'response')
    const { socket } = response
    let text = ''
    for await (const chunk of response) text += String(chunk)
    return { status: response.statusCode, json: text === '' ? undefined : JSON.parse(text), socket }
  }

  /** Opens a stream and keeps what it delivers. */
  async function listen(body?: unknown) {
    const method = body === undefined ? 'GET' : 'POST'
    const [response] = await once(open(body, { agent: sockets, method }), 'response')
    const stream = { text: '', ended: false }
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => {
      stream.text += chunk
    })
    response.on('end', () => {
      stream.ended = true
    })
    return stream
  }

  const reloads = (effect: string) => events.filter((event) => event.effect === effect)
  const reloaded = (count: number, effect = 'reload') =>
    vi.waitFor(() => expect(reloads(effect)).toHaveLength(count), { timeout: 8_000, interval: 10 })
  return { guard, events, log, send, listen, reloaded, sockets }
}

function headersOf(body: unknown): Readonly<Record<string, string>> {
  const listens = typeof body === 'object' && body !== null && 'params' in body
  const text = listens ? JSON.stringify(body) : ''
  return text.includes('2026-07-28')
    ? { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen' }
    : {}
}

const answerEmpty: Handler = (_req, res) => {
  res.setHeader('content-type', 'application/json')
  res.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result: {} }))
}

const allowed = { status: 200, json: { result: {} } }
const denied = { status: 200, json: { error: { code: -31403 } } }

async function writePolicy(text: string): Promise<string> {
  const path = `${await createFolder()}/policy.yaml`
  await writeFile(path, text)
  return path
}

describe('a policy file that changes', () => {
  it('D36 counts from the next request on, on a connection that stays', async () => {
    const path = await writePolicy(yaml(['search']))
    const scene = await openFile(path, answerEmpty)
    const first = await scene.send(callTool('search'))
    expect(first).toMatchObject(allowed)
    expect(await scene.send(callTool('deploy'))).toMatchObject(denied)
    await replaceFile(path, yaml(['deploy']))
    await scene.reloaded(1)
    const later = await scene.send(callTool('deploy'))
    expect(later).toMatchObject(allowed)
    expect(later.socket).toBe(first.socket)
    expect(await scene.send(callTool('search'))).toMatchObject(denied)
    expect(scene.events.find(({ type }) => type === 'policy')).toMatchObject({
      effect: 'reload',
      source: path,
    })
    expect(scene.log.lines).toContainEqual({
      level: 'info',
      fields: { roles: ['reader'], assignments: 1 },
      message: `mcp-mtls reloaded the policy ${path}: 1 roles, 1 assignments`,
    })
  })

  it('A28 D36 is seen through three swaps of a Kubernetes volume', async () => {
    const volume = await createVolume('policy.yaml', yaml(['v0']))
    const scene = await openFile(volume.path, answerEmpty)
    for (const version of [1, 2, 3]) {
      await volume.publish(yaml([`v${version}`]))
      await scene.reloaded(version)
      expect(await scene.send(callTool(`v${version}`))).toMatchObject(allowed)
      expect(await scene.send(callTool(`v${version - 1}`))).toMatchObject(denied)
    }
  })

  it.each([
    ['broken YAML', 'version: 1\nroles: {', /policy\.yaml:2:/],
    ['an empty file', '', /is empty/],
    [
      'an unknown role',
      'version: 1\nassignments: [{ dns: a, roles: [admin] }]\n',
      /unknown role "admin"/,
    ],
    [
      'an unknown authority',
      'version: 1\nroles: { r: {} }\nassignments: [{ authority: mesh, dns: a, roles: [r] }]\n',
      /unknown authority "mesh"/,
    ],
    [
      'a broken condition',
      'version: 1\nroles: { r: { tools: [{ name: a, when: "args." }] } }\n',
      /is no CEL/,
    ],
  ])(
    'D36 leaves the last good policy in force where it is %s, and says so',
    async (_, text, reason) => {
      const path = await writePolicy(yaml(['search']))
      const scene = await openFile(path, answerEmpty)
      await replaceFile(path, text)
      await scene.reloaded(1, 'reload-failed')
      expect(await scene.send(callTool('search'))).toMatchObject(allowed)
      expect(scene.events.find(({ type }) => type === 'policy')).toMatchObject({
        effect: 'reload-failed',
        source: path,
        reason: expect.stringMatching(reason),
      })
      expect(scene.log.lines).toContainEqual({
        level: 'error',
        fields: { err: expect.objectContaining({ code: 'ERR_MTLS_POLICY' }) },
        message: expect.stringMatching(/^mcp-mtls keeps the policy it has: /),
      })
      await replaceFile(path, yaml(['deploy']))
      await scene.reloaded(1)
      expect(await scene.send(callTool('deploy'))).toMatchObject(allowed)
    },
  )

  it('A28 D36 survives being deleted, being a directory, and being made again', async () => {
    const path = await writePolicy(yaml(['search']))
    const scene = await openFile(path, answerEmpty)
    await rm(path)
    await scene.reloaded(1, 'reload-failed')
    await mkdir(path)
    await scene.reloaded(2, 'reload-failed')
    expect(await scene.send(callTool('search'))).toMatchObject(allowed)
    await rm(path, { recursive: true })
    await writeFile(path, yaml(['deploy']))
    await scene.reloaded(1)
    expect(await scene.send(callTool('deploy'))).toMatchObject(allowed)
  })

  it('D08 logs what is odd about it, at the start and after each change', async () => {
    const odd = (value: string) =>
      `version: 1\nroles: { reader: { tools: [{ name: search, when: 'args.env != "${value}"' }] } }\n`
    const path = await writePolicy(odd('a'))
    const scene = await openFile(path, answerEmpty)
    await replaceFile(path, odd('b'))
    await scene.reloaded(1)
    const warned = scene.log.lines.filter(({ level }) => level === 'warn')
    expect(warned.map(({ message }) => /`[^`]+`/.exec(message)?.[0])).toEqual([
      '`args.env != "a"`',
      '`args.env != "b"`',
    ])
  })

  it('D36 is not taken where its change cannot be recorded', async () => {
    const path = await writePolicy(yaml(['search']))
    const log = createLog()
    const audit = (event: AuditEvent) => {
      if (event.effect === 'reload') throw new Error('the disk is full')
    }
    const scene = await openFile(path, answerEmpty, { audit, logger: log })
    await replaceFile(path, yaml(['deploy']))
    await vi.waitFor(() => expect(log.lines.map(({ level }) => level)).toContain('error'), 10_000)
    expect(await scene.send(callTool('search'))).toMatchObject(allowed)
    expect(await scene.send(callTool('deploy'))).toMatchObject(denied)
  })

  it('ends with the guard: nothing is read or told any more', async () => {
    const path = await writePolicy(yaml(['search']))
    const scene = await openFile(path, answerEmpty)
    await replaceFile(path, yaml(['deploy']))
    await scene.guard.close()
    await sleep(500)
    expect(scene.events.filter(({ type }) => type === 'policy')).toEqual([])
    expect(await scene.send(callTool('deploy'))).toMatchObject({ status: 503 })
  })
})

const updated = (uri: string) =>
  `data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri } })}\n\n`

const tools = ['search', 'deploy'].map((name) => ({ name, inputSchema: { type: 'object' } }))
const listed = `data: ${JSON.stringify({ jsonrpc: '2.0', id: 7, result: { tools } })}\n\n`

/** Opens an event stream and leaves it to the test. */
function createStreamHandler() {
  const streams: ServerResponse[] = []
  const handler: Handler = (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.write(': open\n\n')
    streams.push(res)
  }
  const write = (text: string) => streams.at(-1)?.write(text)
  return { handler, write }
}

describe('a stream and a policy that changes', () => {
  it('D36 a GET stream shows what the policy in force allows', async () => {
    const path = await writePolicy(yaml(['search'], ['file:///a']))
    const { handler, write } = createStreamHandler()
    const scene = await openFile(path, handler)
    const stream = await scene.listen()
    write(updated('file:///a') + updated('file:///b') + listed)
    await vi.waitFor(() => expect(stream.text).toContain('search'), 10_000)
    expect(stream.text).toContain('file:///a')
    expect(stream.text).not.toMatch(/file:\/\/\/b|deploy/)
    await replaceFile(path, yaml(['deploy'], ['file:///b']))
    await scene.reloaded(1)
    stream.text = ''
    write(updated('file:///a') + updated('file:///b') + listed)
    await vi.waitFor(() => expect(stream.text).toContain('deploy'), 10_000)
    expect(stream.text).toContain('file:///b')
    expect(stream.text).not.toMatch(/file:\/\/\/a|search/)
    expect(stream.ended).toBe(false)
  })

  it('D36 a GET stream ends when its principal keeps no role', async () => {
    const path = await writePolicy(yaml(['search']))
    const { handler, write } = createStreamHandler()
    const scene = await openFile(path, handler)
    const stream = await scene.listen()
    await replaceFile(path, nobody)
    await vi.waitFor(() => expect(stream.ended).toBe(true), 10_000)
    write(updated('file:///a'))
    expect(stream.text).not.toContain('file:///a')
    expect(scene.events.slice(-2)).toMatchObject([
      { type: 'policy', effect: 'reload' },
      { type: 'decision', effect: 'deny', method: 'GET', reason: 'no-role', roles: [] },
    ])
  })

  it('D36 a GET stream stays while the guard only observes', async () => {
    const path = await writePolicy(yaml(['search']))
    const { handler, write } = createStreamHandler()
    const scene = await openFile(path, handler, { enforcement: 'observe' })
    const stream = await scene.listen()
    await replaceFile(path, nobody)
    await scene.reloaded(1)
    write(updated('file:///a'))
    await vi.waitFor(() => expect(stream.text).toContain('file:///a'), 10_000)
    expect(scene.events.at(-1)).toMatchObject({ effect: 'would-deny', reason: 'no-role' })
  })

  const listenBody = {
    jsonrpc: '2.0',
    id: 'listen-1',
    method: 'subscriptions/listen',
    params: {
      notifications: { resourceSubscriptions: ['file:///a', 'file:///b'] },
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  }

  it('D36 a listen stream stays with what it was acknowledged with, and ends when that goes', async () => {
    const path = await writePolicy(yaml(['search'], ['file:///a']))
    const { handler, write } = createStreamHandler()
    const scene = await openFile(path, handler)
    const stream = await scene.listen(listenBody)
    await replaceFile(path, yaml(['deploy'], ['file:///a']))
    await scene.reloaded(1)
    write(updated('file:///a') + updated('file:///b'))
    await vi.waitFor(() => expect(stream.text).toContain('file:///a'), 10_000)
    expect(stream.text).not.toContain('file:///b')
    await replaceFile(path, yaml(['deploy'], ['file:///b']))
    await vi.waitFor(() => expect(stream.ended).toBe(true), 10_000)
    expect(stream.text).toMatch(/"id":"listen-1","error":\{"code":-32603/)
    expect(scene.events.at(-1)).toMatchObject({
      effect: 'deny',
      method: 'subscriptions/listen',
      operation: { kind: 'resource', name: 'file:///a' },
      reason: 'not-allowed',
    })
  })

  it('D36 the answer to a call is filtered by the snapshot the call was decided on', async () => {
    const path = await writePolicy(yaml(['search']))
    const { handler, write } = createStreamHandler()
    const scene = await openFile(path, handler)
    const stream = await scene.listen({ jsonrpc: '2.0', id: 7, method: 'tools/list' })
    await replaceFile(path, yaml(['deploy']))
    await scene.reloaded(1)
    write(listed)
    await vi.waitFor(() => expect(stream.text).toContain('search'), 10_000)
    expect(stream.text).not.toContain('deploy')
  })
})
