import { describe, expect, it } from 'vitest'
import type { AuditEvent } from '../../src/audit/event.js'
import { knock } from '../tls/exchange.js'
import { callTool, openScene, type Scene, type Sent, send, spiffeId } from './stage.js'

const marker = 'zq7-evil'
const hostile = `${marker}"},\u2028{job="x"} {{.}}`
const version = 'io.modelcontextprotocol/protocolVersion'
const types = ['decision', 'authentication', 'handshake', 'protocol', 'error']
const effects = ['allow', 'deny', 'would-deny']
const kinds = ['tool', 'prompt', 'resource', 'template', 'method', 'lifecycle', 'task']

/** What an operator counts events by. Names and methods are no labels: they are the caller's text. */
function labelsOf({ type, effect, reason, rule, operation }: AuditEvent) {
  return { type, effect, reason, rule, kind: operation?.kind }
}

function params(value: object) {
  return { ...callTool('search'), params: { name: 'search', ...value } }
}

/** Every place of a request a caller may write into, by name. */
const requests: readonly (readonly [string, Sent])[] = [
  ['the name of a tool', { body: callTool(hostile) }],
  ['the name of a denied tool', { body: callTool(`purge${hostile}`) }],
  ['the id', { body: callTool('search', hostile) }],
  ['the method', { body: { jsonrpc: '2.0', id: 1, method: hostile } }],
  ['the method of a notification', { body: { jsonrpc: '2.0', method: `tools/${hostile}` } }],
  ['the URI of a resource', { body: read('resources/read', { uri: `file:///${hostile}` }) }],
  ['the name of a prompt', { body: read('prompts/get', { name: hostile }) }],
  ['the id of a task', { body: read('tasks/get', { taskId: hostile }) }],
  ['the type of a reference', { body: read('completion/complete', { ref: { type: hostile } }) }],
  ['the version', { body: read('initialize', { protocolVersion: hostile }) }],
  ['a claimed version', { body: params({ _meta: { [version]: hostile } }) }],
  ['an argument', { body: params({ arguments: { [hostile]: hostile } }) }],
  ['arguments of a wrong type', { body: params({ arguments: hostile }) }],
  ['a key', { body: params({ [hostile]: 1 }) }],
  ['a prototype key', { body: `{"${marker}":1,"__proto__":{"${marker}":1}}` }],
  ['a body that is no JSON', { body: `{"${marker}": ${marker}}` }],
  ['a body that is no object', { body: JSON.stringify(hostile) }],
  ['the content type', { headers: { 'content-type': `application/${marker}` } }],
  ['the encoding', { headers: { 'content-encoding': marker } }],
  ['the session', { headers: { 'mcp-session-id': `${marker}.a.b` } }],
  ['the version header', { headers: { 'mcp-protocol-version': marker } }],
  ['the method header', { headers: { 'mcp-method': marker } }],
  ['the name header', { headers: { 'mcp-name': marker } }],
  ['the origin', { headers: { origin: `https://${marker}.test` } }],
  ['the last event', { method: 'GET', headers: { 'last-event-id': marker } }],
  ['an upgrade', { headers: { connection: 'upgrade', upgrade: marker } }],
  ['a common name', { certificate: { cn: hostile } }],
  ['a DNS name', { certificate: { dns: [`${marker}.test`] } }],
  ['a SPIFFE ID', { certificate: { uri: [`spiffe://${marker}/../x`] } }],
  ['a SPIFFE ID that is sound', { certificate: { uri: [`spiffe://acme.test/${marker}`] } }],
  ['two URI names', { certificate: { uri: [spiffeId, `https://${marker}.test`] } }],
]

function read(method: string, given: object) {
  return { jsonrpc: '2.0', id: 1, method, params: given }
}

async function collect(scene: Scene, sent: Sent): Promise<readonly AuditEvent[]> {
  await send(scene, sent)
  expect(scene.events).not.toEqual([])
  return scene.events
}

describe('D41 the labels of an audit event', () => {
  it.each(requests)('D41 are closed sets whatever is written into %s', async (_, sent) => {
    const scene = await openScene()
    for (const event of await collect(scene, sent)) {
      const { type, effect, kind, ...texts } = labelsOf(event)
      expect(types).toContain(type)
      expect(effects).toContain(effect)
      expect([...kinds, undefined]).toContain(kind)
      expect(JSON.stringify(texts)).not.toContain(marker)
      expect(JSON.stringify(texts)).not.toMatch(/evil|\{\{/)
    }
  })

  it('D41 are as many as before when only the text of the caller differs', async () => {
    const scene = await openScene()
    const different = Array.from({ length: 4 }, (_, index) => `${marker}-${index}`)
    for (const text of different) {
      await send(scene, { body: callTool(text) })
      await send(scene, { body: read(text, {}) })
      await send(scene, { body: `{"${text}"` })
      await send(scene, { headers: { 'mcp-session-id': text } })
      await send(scene, { certificate: { uri: [`spiffe://acme.test/${text}`] } })
    }
    expect(scene.events).toHaveLength(5 * different.length)
    expect(new Set(scene.events.map((event) => JSON.stringify(labelsOf(event)))).size).toBe(5)
  })

  it('D41 of a refused handshake are the code of OpenSSL, whatever was sent', async () => {
    const scene = await openScene()
    await knock(scene.port, `${marker} / HTTP/1.1\r\nhost: ${marker}\r\n\r\n`)
    await expect.poll(() => scene.events.length).toBe(1)
    const [event] = scene.events
    expect(event).toMatchObject({ type: 'handshake', effect: 'deny' })
    expect(event?.reason).toMatch(/^[A-Z0-9_]+$/)
    expect(JSON.stringify(event)).not.toContain(marker)
  })
})
