import { once } from 'node:events'
import { request } from 'node:https'
import { createCertificateAuthority } from '@mcp-mtls/authority'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Logger } from '../../src/audit/sinks.js'
import { createGuard } from '../../src/guard/create-guard.js'
import type { GuardOptions } from '../../src/guard/options.js'
import { definePolicy } from '../../src/policy/define.js'
import { tlsFromFiles } from '../../src/tls/tls-from-files.js'
import { createCertificateFiles } from '../tls/certificate-files.js'
import { callTool, createLog, createOwnServer, openScene, policy, send, spiffeId } from './stage.js'

describe('the start of a guard', () => {
  it('throws at once for a wrong option', () => {
    const options = { policy, polcy: 1 } as GuardOptions
    expect(() => createGuard(options)).toThrow('unknown option `polcy`')
  })

  it('writes one line that says what is guarded, by whose certificates and how', async () => {
    const { guard, log } = await openScene()
    await guard.ready
    const lines = log.lines.filter(({ message }) => message.startsWith('mcp-mtls guards'))
    expect(lines).toEqual([
      {
        level: 'info',
        fields: { roles: ['reader'], assignments: 1 },
        message: expect.stringMatching(
          /^mcp-mtls guards a request listener: certificate .*; authorities default .*; 1 roles, 1 assignments; certificate only/,
        ),
      },
    ])
  })

  it.each([
    ['enforce', undefined, /sealed for this process alone \(replicas need `sessionSecret`\)$/],
    ['enforce', 's'.repeat(32), /certificate only; sessions sealed with `sessionSecret`$/],
    ['observe', 's'.repeat(32), /; OBSERVING: what the policy denies is let through$/],
  ] as const)('says at the end of the line how it was set: %s, %s', async (...given) => {
    const [enforcement, sessionSecret, ending] = given
    const settings = { enforcement, ...(sessionSecret !== undefined && { sessionSecret }) }
    const { guard, log } = await openScene(settings)
    await guard.ready
    expect(log.lines.map(({ message }) => message)).toEqual([expect.stringMatching(ending)])
  })

  it('logs what is odd about the TLS files', async () => {
    const log = createLog()
    const files = await createCertificateFiles()
    const short = await files.ca.issue({
      usage: 'server',
      cn: 'localhost',
      dns: ['localhost'],
      notAfter: new Date(Date.now() + 3_600_000),
    })
    const cert = await files.write('short.crt', short.chain)
    const key = await files.write('short.key', short.key)
    const tls = await tlsFromFiles({ ...files.options, cert, key })
    onTestFinished(() => tls.close())
    expect(tls.warnings).not.toEqual([])
    await createGuard({ policy, tls, logger: log }).ready
    const warned = log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)
    expect(warned).toEqual(
      expect.arrayContaining(tls.warnings.map((warning) => `mcp-mtls: ${warning}`)),
    )
  })

  it('rejects ready for a policy that does not exist, and answers 503 until the end', async () => {
    const scene = await openScene({ policy: 'no-such-policy.yaml' })
    await expect(scene.guard.ready).rejects.toMatchObject({ code: 'ERR_MTLS_POLICY' })
    expect(await send(scene)).toMatchObject({
      status: 503,
      headers: { 'retry-after': '5' },
      json: { id: null, error: { code: -32603 } },
    })
    expect(scene.reached).toEqual([])
    expect(scene.events).toMatchObject([{ type: 'error', reason: 'no policy could be loaded' }])
  })

  it('rejects ready for a policy that names an authority the source does not have', async () => {
    const other = definePolicy({
      version: 1,
      roles: { reader: {} },
      assignments: [{ authority: 'partner', spiffe: spiffeId, roles: ['reader'] }],
    })
    const { guard } = await openScene({ policy: other })
    await expect(guard.ready).rejects.toThrow('unknown authority "partner"')
  })

  it('rejects ready for a policy that asks for a common name without the option', async () => {
    const named = definePolicy({
      version: 1,
      roles: { reader: {} },
      assignments: [{ cn: 'reader', roles: ['reader'] }],
    })
    const { guard } = await openScene({ policy: named })
    await expect(guard.ready).rejects.toThrow(
      "set the option identity: ['spiffe', 'uri', 'dns', 'cn']",
    )
  })
})

describe('close', () => {
  it('refuses later requests with 503, and may be called twice', async () => {
    const scene = await openScene()
    expect((await send(scene)).status).toBe(200)
    await scene.guard.close()
    await scene.guard.close()
    expect(await send(scene)).toMatchObject({ status: 503, json: { error: { code: -32603 } } })
    expect(scene.reached).toHaveLength(1)
    expect(scene.events.at(-1)).toMatchObject({ type: 'error', reason: 'the guard is closed' })
  })

  it('ends the record of refused handshakes', async () => {
    const scene = await openScene()
    const stranger = await createCertificateAuthority({ name: 'Another CA' })
    await expect(send(scene, { issuer: stranger })).rejects.toThrow()
    expect(scene.events).toMatchObject([{ type: 'handshake', effect: 'deny' }])
    await scene.guard.close()
    await expect(send(scene, { issuer: stranger })).rejects.toThrow()
    expect(scene.events).toHaveLength(1)
  })
})

describe('whose certificates count', () => {
  it('an application that owns its TLS has one authority, called default', async () => {
    const scene = await openScene({ ownTls: true, server: createOwnServer })
    expect((await send(scene)).status).toBe(200)
    expect(scene.events).toMatchObject([{ principal: `default/spiffe:${spiffeId}` }])
  })

  it('a server that is not attached to the source is refused with 503 and an error event', async () => {
    const scene = await openScene({ server: createOwnServer })
    expect((await send(scene)).status).toBe(503)
    expect(scene.reached).toEqual([])
    expect(scene.events).toMatchObject([
      { type: 'error', effect: 'deny', reason: expect.stringContaining('tls.attach()') },
    ])
  })

  it('A34 the same name under two authorities is two principals, told apart by the policy', async () => {
    const partner = await createCertificateAuthority({ name: 'Partner CA' })
    const scene = await openScene({
      tls: async (files) => {
        const { ca, ...server } = files.options
        const theirs = await files.write('partner.crt', partner.certificate)
        return tlsFromFiles({ ...server, authorities: { own: { ca }, partner: { ca: theirs } } })
      },
      policy: definePolicy({
        version: 1,
        roles: { reader: { tools: ['search'] }, guest: { tools: ['greet'] } },
        assignments: [
          { authority: 'own', spiffe: spiffeId, roles: ['reader'] },
          { authority: 'partner', spiffe: spiffeId, roles: ['guest'] },
        ],
      }),
    })
    const denied = { error: { code: -31403 } }
    expect((await send(scene)).json).not.toMatchObject(denied)
    expect((await send(scene, { issuer: partner })).json).toMatchObject(denied)
    const greet = callTool('greet')
    expect((await send(scene, { issuer: partner, body: greet })).json).not.toMatchObject(denied)
    expect(scene.events.map(({ principal }) => principal)).toEqual([
      `own/spiffe:${spiffeId}`,
      `partner/spiffe:${spiffeId}`,
      `partner/spiffe:${spiffeId}`,
    ])
  })
})

describe('the identity option', () => {
  const names = { uri: ['https://a.test/agent'], dns: ['a.test'], email: ['a@a.test'], cn: 'a' }
  const anybody = (authority = 'default') =>
    definePolicy({
      version: 1,
      roles: { reader: { tools: ['search'] } },
      assignments: [{ authority, dns: 'a.test', roles: ['reader'] }],
    })

  it.each([
    [['dns', 'uri'], 'default/dns:a.test'],
    [['uri', 'dns'], 'default/uri:https://a.test/agent'],
    [['email', 'dns'], 'default/email:a@a.test'],
    [['cn', 'dns'], 'default/cn:a'],
    [['spiffe', 'dns'], 'default/dns:a.test'],
  ] as const)('%j: the first kind that is there names the principal', async (identity, name) => {
    const scene = await openScene({ identity, policy: anybody() })
    expect((await send(scene, { certificate: names })).status).toBe(200)
    expect(scene.events.map(({ principal }) => decodeURIComponent(principal ?? ''))).toEqual([name])
  })

  it('A13 a certificate with nothing but a common name is refused, and the event says which option admits it', async () => {
    const scene = await openScene({ policy: anybody() })
    const answer = await send(scene, { certificate: { cn: 'a.test' } })
    expect(answer).toMatchObject({ status: 403, json: { error: { code: -31401 } } })
    expect(answer.headers['connection']).toBe('close')
    expect(scene.reached).toEqual([])
    expect(scene.events).toMatchObject([
      {
        type: 'authentication',
        reason: 'no-identity',
        subject: 'CN=a.test',
        thumbprint: expect.stringMatching(/^[\w-]{43}$/),
        hint: expect.stringContaining("identity: ['spiffe', 'uri', 'dns', 'cn']"),
      },
    ])
    expect(answer.text).not.toContain('cn')
  })
})

describe('limits, hosts and origins', () => {
  it('D30 refuse a body beyond bodyBytes, to the byte', async () => {
    const body = JSON.stringify(callTool('search'))
    for (const [bodyBytes, status] of [
      [body.length, 200],
      [body.length - 1, 413],
    ] as const) {
      const scene = await openScene({ limits: { bodyBytes } })
      expect((await send(scene, { body })).status).toBe(status)
    }
  })

  it('D30 refuse what is nested deeper than depth', async () => {
    for (const [depth, status] of [
      [3, 200],
      [2, 400],
    ] as const) {
      expect((await send(await openScene({ limits: { depth } }))).status).toBe(status)
    }
  })

  it('D02 refuse a key given twice where uniqueKeys is set', async () => {
    const body = JSON.stringify(callTool('search')).replace('"name"', '"name":"search","name"')
    for (const [uniqueKeys, status] of [
      [false, 200],
      [true, 400],
    ] as const) {
      expect((await send(await openScene({ limits: { uniqueKeys } }), { body })).status).toBe(
        status,
      )
    }
  })

  it('D32 admit listed hosts only', async () => {
    const scene = await openScene({ hosts: ['mcp.acme.test'] })
    expect((await send(scene, { headers: { host: 'mcp.acme.test:8443' } })).status).toBe(200)
    expect((await send(scene, { headers: { host: 'evil.test' } })).status).toBe(403)
    expect(scene.reached).toHaveLength(1)
    expect(scene.events.at(-1)).toMatchObject({ type: 'protocol', effect: 'deny' })
  })

  it('D32 admit listed origins, and let their pages read the answer', async () => {
    const scene = await openScene({ origins: ['https://console.acme.test'] })
    const allowed = await send(scene, { headers: { origin: 'https://console.acme.test' } })
    expect(allowed.status).toBe(200)
    expect(allowed.headers['access-control-allow-origin']).toBe('https://console.acme.test')
    for (const origin of ['https://evil.test', 'null', 'https://127.0.0.1']) {
      const refused = await send(scene, { headers: { origin } })
      expect(refused.status).toBe(403)
      expect(refused.headers['access-control-allow-origin']).toBeUndefined()
    }
    expect(scene.reached).toHaveLength(1)
  })
})

describe('D24 what does not exist and what is denied', () => {
  it('look the same to the byte, whatever the name', async () => {
    const scene = await openScene()
    const names = ['purge', 'deploy', 'no-such-tool', '__proto__', 'toString', 'x'.repeat(300), '']
    const answers = []
    for (const name of names) answers.push(await send(scene, { body: callTool(name) }))
    for (const answer of answers) expect(answer).toEqual(answers[0])
    expect(answers[0]).toMatchObject({
      status: 200,
      json: { jsonrpc: '2.0', id: 1, error: { code: -31403 } },
    })
    expect(scene.reached).toEqual([])
  })
})

describe('D29 an audit sink', () => {
  const failing = [
    [
      'that throws',
      () => {
        throw new Error('canary-of-the-sink')
      },
    ],
    ['that rejects', () => Promise.reject(new Error('canary-of-the-sink'))],
    ['whose promise nobody waits for', () => Promise.resolve()],
  ] as const

  it('that throws beside a logger that throws still refuses', async () => {
    const fail = () => {
      throw new Error('canary-of-the-sink')
    }
    const scene = await openScene({ audit: fail, logger: { info() {}, warn() {}, error: fail } })
    for (const body of [callTool('search'), callTool('deploy'), 'not JSON']) {
      expect((await send(scene, { body })).status).toBeGreaterThanOrEqual(400)
    }
    expect(scene.reached).toEqual([])
  })

  it.each(failing)('%s lets nothing through', async (_, audit) => {
    const scene = await openScene({ audit })
    for (const body of [callTool('search'), callTool('deploy'), 'not JSON']) {
      const answer = await send(scene, { body })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.text).not.toContain('canary')
    }
    expect((await send(scene, { certificate: { uri: ['spiffe://acme.test/x'] } })).status).toBe(500)
    expect(scene.reached).toEqual([])
    expect(scene.log.lines.map(({ message }) => message)).toContain(
      'mcp-mtls: the audit sink failed',
    )
  })

  it('that throws does not end the process when a handshake is refused', async () => {
    const audit = () => {
      throw new Error('canary-of-the-sink')
    }
    const scene = await openScene({ audit })
    const warned = once(process, 'warning')
    const stranger = await createCertificateAuthority({ name: 'Another CA' })
    await expect(send(scene, { issuer: stranger })).rejects.toThrow()
    expect(String((await warned)[0])).toContain('canary-of-the-sink')
  })

  it('is told of one decision, with a frozen event', async () => {
    const scene = await openScene()
    await send(scene)
    expect(scene.events).toMatchObject([
      { type: 'decision', effect: 'allow', operation: { kind: 'tool', name: 'search' } },
    ])
    expect(Object.isFrozen(scene.events[0])).toBe(true)
  })
})

describe('req.auth', () => {
  it('set by something else is refused, and the log says what to remove', async () => {
    const scene = await openScene({
      server: (listener, { tls }) =>
        tls.createServer((req, res) =>
          listener?.(Object.assign(req, { auth: { token: 'x' } }), res),
        ),
    })
    expect((await send(scene)).status).toBe(500)
    expect(scene.reached).toEqual([])
    expect(scene.log.lines.at(-1)?.fields).toMatchObject({
      err: { message: expect.stringMatching(/^req.auth was set before the guard ran/) },
    })
  })

  it('set by another guard is refused, and the log says to give each route one', async () => {
    const scene = await openScene({
      server: (listener, { tls }) => {
        const outer = createGuard({ policy, tls, logger: createLog(), audit() {} })
        return tls.createServer(outer.protect((req, res) => listener?.(req, res)))
      },
    })
    expect((await send(scene)).status).toBe(500)
    expect(scene.reached).toEqual([])
    expect(scene.log.lines.at(-1)?.fields).toMatchObject({
      err: { message: expect.stringMatching(/^two guards stand before one handler/) },
    })
  })
})

describe('an answer that cannot be filtered', () => {
  it.each([
    ['application/json', '{"result":{"tools":', 500, /"id":null,"error":\{"code":-32603/],
    ['text/event-stream', 'data: {\n\n', 200, /^event: message\ndata: .*"id":1,.*-32603/],
  ])('D29 as %s is given up, with an event that says so', async (type, answer, status, text) => {
    const scene = await openScene({ answer, answerType: type })
    expect(await send(scene)).toMatchObject({ status, text: expect.stringMatching(text) })
    expect(scene.events.slice(1)).toMatchObject([
      {
        type: 'error',
        effect: 'deny',
        principal: `default/spiffe:${spiffeId}`,
        remoteAddress: expect.any(String),
        method: 'POST',
        reason: expect.stringContaining('the answer was given up'),
        hint: expect.stringContaining('mount it before the guard'),
      },
    ])
  })
})

describe('protect', () => {
  async function callFailing(logger: Logger) {
    const files = await createCertificateFiles()
    const tls = await tlsFromFiles(files.options)
    const guard = createGuard({ policy, tls, logger, audit() {} })
    await guard.ready
    const server = tls.createServer(
      guard.protect(async () => {
        throw new Error('canary-of-the-handler')
      }),
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const client = await files.ca.issue({ usage: 'client', uri: [spiffeId] })
    const outgoing = request({
      ...{ host: '127.0.0.1', servername: 'localhost', port, method: 'POST', agent: false },
      ...{ cert: client.chain, key: client.key, ca: files.ca.certificate },
      headers: { 'content-type': 'application/json' },
    })
    outgoing.end(JSON.stringify(callTool('search')))
    const [response] = await once(outgoing, 'response')
    let text = ''
    for await (const chunk of response) text += String(chunk)
    return { status: response.statusCode, text }
  }

  it('D29 answers 500 where a handler fails, and says nothing of why', async () => {
    const log = createLog()
    const answer = await callFailing(log)
    expect(answer.status).toBe(500)
    expect(answer.text).not.toContain('canary')
    expect(log.lines.map(({ message }) => message)).toContain(
      'mcp-mtls: the guarded handler failed',
    )
  })

  it('D29 answers 500, and goes on, where the logger fails beside the handler', async () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    onTestFinished(() => emitWarning.mockRestore())
    const fail = () => {
      throw new Error('disk full')
    }
    expect((await callFailing({ info() {}, warn() {}, error: fail })).status).toBe(500)
    expect(emitWarning).toHaveBeenCalledWith('mcp-mtls: the logger failed: Error: disk full')
  })
})
