import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  checkHeaderAgreement,
  type MessageHeaders,
  toHeaderValue,
} from '../../src/mcp/header-agreement.js'
import { type Message, readMessages } from '../../src/mcp/read-operations.js'
import { refusalOf } from './refusal.js'

const VERSION = '2026-07-28'
const _meta = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientCapabilities': {},
}
const absent: MessageHeaders = { protocolVersion: undefined, method: undefined, name: undefined }

function read(body: unknown, protocolVersion?: string): Message {
  const [message] = readMessages(body, { batch: 0, protocolVersion })
  if (message === undefined) throw new Error('nothing read')
  return message
}

function modern(method: string, params: object = {}): Message {
  return read({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }, VERSION)
}

function legacy(method: string, params: object = {}): Message {
  return read({ jsonrpc: '2.0', id: 1, method, params })
}

function headers(method: string, name?: string): MessageHeaders {
  return { protocolVersion: VERSION, method, name }
}

function encode(value: string): string {
  return `=?base64?${Buffer.from(value).toString('base64')}?=`
}

function agree(message: Message, values: MessageHeaders): void {
  expect(() => checkHeaderAgreement(message, values)).not.toThrow()
}

function differ(message: Message, values: MessageHeaders): void {
  expect(refusalOf(() => checkHeaderAgreement(message, values))).toEqual([400, -32020])
}

describe('checkHeaderAgreement on a modern request', () => {
  it.each([
    ['tools/call', { name: 'danger' }, 'danger'],
    ['prompts/get', { name: 'hello' }, 'hello'],
    ['resources/read', { uri: 'file:///a' }, 'file:///a'],
    ['tasks/get', { taskId: 't' }, 't'],
    ['tasks/cancel', { taskId: 't' }, 't'],
    ['tasks/update', { taskId: 't\u00fc' }, encode('t\u00fc')],
    ['tools/list', {}, undefined],
    ['server/discover', {}, undefined],
    ['unknown/method', {}, undefined],
  ])('D07 agrees with what a client sends for %s', (method, params, name) => {
    agree(modern(method, params), headers(method, name))
  })

  it.each(['tasks/get', 'tasks/update', 'tasks/cancel'])(
    'D07 D15 differs where %s names another task in Mcp-Name, or none',
    (method) => {
      differ(modern(method, { taskId: 't' }), headers(method, 'other'))
      differ(modern(method, { taskId: 't' }), headers(method))
    },
  )

  it('D07 D15 compares Mcp-Name of a legacy task request where it is sent', () => {
    agree(legacy('tasks/result', { taskId: 't' }), absent)
    differ(legacy('tasks/result', { taskId: 't' }), { ...absent, name: 'other' })
  })

  it.each(['t', '', ' t', 't ', '\u00fc', '=?base64?dA==?=', 'a\nb', 't\u0000'])(
    'D07 writes %j as a header that agrees with it',
    (taskId) => {
      const value = toHeaderValue(taskId)
      expect(value).toMatch(/^[\x20-\x7e]*$/)
      expect(value).toBe(value.trim())
      agree(modern('tasks/get', { taskId }), headers('tasks/get', value))
    },
  )

  const call = modern('tools/call', { name: 'danger' })
  it.each([
    ['a missing version', { ...headers('tools/call', 'danger'), protocolVersion: undefined }],
    ['another version', { ...headers('tools/call', 'danger'), protocolVersion: '2025-11-25' }],
    [
      'two versions',
      { ...headers('tools/call', 'danger'), protocolVersion: `${VERSION}, ${VERSION}` },
    ],
    ['a missing method', { ...headers('tools/call', 'danger'), method: undefined }],
    ['another method', headers('tools/list', 'danger')],
    ['a method in other case', headers('Tools/Call', 'danger')],
    ['two methods', headers('tools/call, tools/call', 'danger')],
    ['a missing name', headers('tools/call')],
    ['an empty name', headers('tools/call', '')],
    ['another name', headers('tools/call', 'safe')],
    ['a name in other case', headers('tools/call', 'Danger')],
    ['two names', headers('tools/call', 'safe, danger')],
    ['the same name twice', headers('tools/call', 'danger, danger')],
    ['another name encoded', headers('tools/call', encode('safe'))],
    ['an upper-case marker', headers('tools/call', '=?BASE64?ZGFuZ2Vy?=')],
    ['base64 without padding', headers('tools/call', '=?base64?ZGFuZ2V?=')],
    ['base64 with spaces', headers('tools/call', '=?base64?ZGFu Z2Vy?=')],
    [
      'a second encoding',
      headers('tools/call', `=?base64?${Buffer.from(encode('danger')).toString('base64')}?=`),
    ],
    ['markers that overlap', headers('tools/call', '=?base64?=')],
    ['an encoded byte order mark', headers('tools/call', encode('\ufeffdanger'))],
  ])('D07 refuses %s', (_what, values) => {
    differ(call, values)
  })

  it.each([
    ['Mcp-Name', headers('tools/call', 'safe')],
    ['Mcp-Method', headers('tools/list', 'danger')],
    ['MCP-Protocol-Version', { ...headers('tools/call', 'danger'), protocolVersion: '2027-01-01' }],
  ])('D07 names %s where it is what differs', (header, values) => {
    expect(() => checkHeaderAgreement(call, values)).toThrow(
      `${header} differs from the body or is missing`,
    )
  })

  it('D07 agrees with an empty header for an empty name', () => {
    agree(modern('tools/call', { name: '' }), headers('tools/call', ''))
    expect(toHeaderValue('')).toBe('')
  })

  it('D07 refuses base64 with bits left over', () => {
    const message = modern('tools/call', { name: 'a' })
    agree(message, headers('tools/call', '=?base64?YQ==?='))
    differ(message, headers('tools/call', '=?base64?YR==?='))
    differ(message, headers('tools/call', '=?base64?YQ?='))
  })

  it('D07 refuses bytes that are not UTF-8, and their replacement for them', () => {
    const lone = modern('tools/call', { name: '\ud800' })
    differ(lone, headers('tools/call', encode('\ud800')))
    const replaced = modern('tools/call', { name: '\ufffd' })
    agree(replaced, headers('tools/call', encode('\ufffd')))
    differ(replaced, headers('tools/call', '=?base64?/w==?='))
  })

  it('D07 refuses a name outside ASCII that is not encoded', () => {
    const message = modern('tools/call', { name: 'é' })
    agree(message, headers('tools/call', encode('é')))
    differ(message, headers('tools/call', 'é'))
    differ(message, headers('tools/call', 'Ã©'))
  })

  it('D07 reads a plain ASCII name that is encoded all the same', () => {
    agree(call, headers('tools/call', encode('danger')))
    agree(modern('tools/call', { name: '' }), headers('tools/call', '=?base64??='))
    agree(modern('tools/call', { name: encode('x') }), headers('tools/call', encode(encode('x'))))
    differ(modern('tools/call', { name: encode('x') }), headers('tools/call', encode('x')))
  })

  it('D07 ignores Mcp-Name where the method defines none', () => {
    agree(modern('tools/list'), headers('tools/list', 'anything'))
    agree(
      modern('completion/complete', { ref: { type: 'ref/prompt', name: 'p' } }),
      headers('completion/complete', 'anything'),
    )
  })

  it('D08 takes the arguments from the body, and no header into the decision', () => {
    const message = modern('tools/call', { name: 'deploy', arguments: { env: 'prod' } })
    const values = { ...headers('tools/call', 'deploy'), 'mcp-param-env': 'dev' }
    agree(message, values)
    expect(message.operations).toEqual([{ kind: 'tool', name: 'deploy', args: { env: 'prod' } }])
  })

  it('D07 agrees with the right encoding of every name and with no other name', () => {
    const names = fc.string({ unit: 'binary', maxLength: 12 })
    fc.assert(
      fc.property(names, names, (name, other) => {
        const message = modern('tools/call', { name })
        agree(message, headers('tools/call', encode(name)))
        if (other !== name) differ(message, headers('tools/call', encode(other)))
      }),
    )
  })
})

describe('checkHeaderAgreement on a legacy message', () => {
  it('D07 wants no header, and compares no version where the body claims none', () => {
    agree(legacy('tools/call', { name: 'a' }), absent)
    for (const protocolVersion of ['2025-03-26', '2025-06-18', '2025-11-25', '']) {
      agree(legacy('tools/call', { name: 'a' }), { ...absent, protocolVersion })
    }
    agree(legacy('initialize'), absent)
  })

  it.each([
    ['the same', { ...absent, method: 'tools/call', name: 'a' }],
    ['only the method', { ...absent, method: 'tools/call' }],
    ['only the name', { ...absent, name: 'a' }],
    ['the name encoded', { ...absent, name: encode('a') }],
  ])('D07 agrees with headers that say %s', (_what, values) => {
    agree(legacy('tools/call', { name: 'a' }), values)
  })

  it.each([
    ['another method', { ...absent, method: 'tools/list' }],
    ['an empty method', { ...absent, method: '' }],
    ['another name', { ...absent, name: 'b' }],
    ['an empty name', { ...absent, name: '' }],
    ['another name encoded', { ...absent, name: encode('b') }],
  ])('D07 refuses headers that say %s', (_what, values) => {
    differ(legacy('tools/call', { name: 'a' }), values)
  })

  it('D06 refuses a response that a header calls a method', () => {
    const response = read({ jsonrpc: '2.0', id: 1, result: {} })
    agree(response, absent)
    agree(response, { ...absent, protocolVersion: '2025-11-25' })
    differ(response, { ...absent, method: 'tools/list' })
  })
})

describe('checkHeaderAgreement on a notification', () => {
  const claimed = read(
    { jsonrpc: '2.0', method: 'notifications/cancelled', params: { _meta } },
    VERSION,
  )
  const unclaimed = read({ jsonrpc: '2.0', method: 'notifications/cancelled' }, VERSION)

  it('D07 wants no header, for clients send none with notifications', () => {
    agree(claimed, absent)
    agree(unclaimed, { ...absent, protocolVersion: VERSION })
  })

  it('D07 refuses headers that differ', () => {
    differ(claimed, { ...absent, protocolVersion: '2025-11-25' })
    differ(claimed, { ...absent, method: 'tools/call' })
    differ(unclaimed, { ...absent, method: 'tools/call' })
  })
})
