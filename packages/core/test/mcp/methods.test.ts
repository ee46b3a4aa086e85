import { describe, expect, it } from 'vitest'
import type { Era, MessageForm } from '../../src/mcp/era.js'
import { findGovernor, findOperationReader } from '../../src/mcp/methods.js'
import { refusalOf } from './refusal.js'

/** Params that are good for every method that wants some. */
const params = {
  name: 'n',
  uri: 'file:///u',
  ref: { type: 'ref/prompt', name: 'r' },
  notifications: { resourceSubscriptions: ['file:///s'] },
  taskId: 't',
}

const tool = [{ kind: 'tool', name: 'n', args: {} }]
const prompt = [{ kind: 'prompt', name: 'n', args: {} }]
const reference = [{ kind: 'prompt', name: 'r', args: undefined }]
const resource = [{ kind: 'resource', uri: 'file:///u' }]
const subscription = [{ kind: 'resource', uri: 'file:///s' }]
const task = [{ kind: 'task', taskId: 't' }]
const free = 'lifecycle'
const none = undefined

/** What governs the methods that a role alone does not open. */
const governed: Readonly<Record<string, string>> = {
  'tools/call': 'tools',
  'prompts/get': 'prompts',
  'resources/read': 'resources',
  'resources/subscribe': 'resources',
  'resources/unsubscribe': 'resources',
  'subscriptions/listen': 'resources',
  'completion/complete': 'completion',
  'tasks/get': 'ownership',
  'tasks/result': 'ownership',
  'tasks/cancel': 'ownership',
  'tasks/list': 'ownership',
  'tasks/update': 'ownership',
  'notifications/tasks/status': 'ownership',
}

// Columns: what is read from it as a request and as a notification, legacy and modern.
const table = [
  ['initialize', free, none, none, none],
  ['server/discover', free, none, free, none],
  ['ping', free, none, none, none],
  ['logging/setLevel', free, none, none, none],
  ['tools/list', free, none, free, none],
  ['prompts/list', free, none, free, none],
  ['resources/list', free, none, free, none],
  ['resources/templates/list', free, none, free, none],
  ['tools/call', tool, tool, tool, tool],
  ['prompts/get', prompt, prompt, prompt, prompt],
  ['resources/read', resource, resource, resource, resource],
  ['resources/subscribe', resource, resource, none, none],
  ['resources/unsubscribe', resource, resource, none, none],
  ['completion/complete', reference, reference, reference, reference],
  ['subscriptions/listen', none, none, subscription, none],
  ['notifications/initialized', none, free, none, none],
  ['notifications/cancelled', none, free, none, free],
  ['notifications/progress', none, free, none, none],
  ['notifications/roots/list_changed', none, free, none, none],
  ['notifications/tasks/status', none, free, none, none],
  ['tasks/get', task, task, task, task],
  ['tasks/result', task, task, none, none],
  ['tasks/cancel', task, task, task, task],
  ['tasks/list', free, none, none, none],
  ['tasks/update', none, none, task, task],
  ['notifications/tasks', none, none, none, none],
  ['skills/list', none, none, none, none],
  ['skills/get', none, none, none, none],
  ['resources/directory/read', none, none, none, none],
  ['sampling/createMessage', none, none, none, none],
  ['notifications/resources/updated', none, none, none, none],
  ['tools/Call', none, none, none, none],
  ['TOOLS/CALL', none, none, none, none],
  [' tools/call', none, none, none, none],
  ['tools/call ', none, none, none, none],
  ['tools/call\u0000', none, none, none, none],
  ['tools\\call', none, none, none, none],
  ['tool\u017f/call', none, none, none, none],
  ['', none, none, none, none],
  ['__proto__', none, none, none, none],
  ['constructor', none, none, none, none],
  ['toString', none, none, none, none],
  ['hasOwnProperty', none, none, none, none],
] as const

const cells = table.flatMap(([method, legacyRequest, legacyNote, modernRequest, modernNote]) => [
  { method, era: 'legacy' as Era, form: 'request' as MessageForm, expected: legacyRequest },
  { method, era: 'legacy' as Era, form: 'notification' as MessageForm, expected: legacyNote },
  { method, era: 'modern' as Era, form: 'request' as MessageForm, expected: modernRequest },
  { method, era: 'modern' as Era, form: 'notification' as MessageForm, expected: modernNote },
])

describe('findOperationReader', () => {
  it.each(cells)(
    'D05 D23 reads $method as a $era $form: $expected',
    ({ method, era, form, expected }) => {
      const operations = findOperationReader(method, era, form)?.(params)
      expect(operations).toEqual(expected === free ? [{ kind: 'lifecycle', method }] : expected)
    },
  )

  it('never gives an empty list, which every policy would allow', () => {
    for (const { method, era, form } of cells) {
      const operations = findOperationReader(method, era, form)?.(params)
      expect(operations?.length).not.toBe(0)
    }
    const listen = findOperationReader('subscriptions/listen', 'modern', 'request')
    for (const notifications of [{}, { toolsListChanged: true }, { resourceSubscriptions: [] }]) {
      expect(listen?.({ notifications })).toEqual([
        { kind: 'lifecycle', method: 'subscriptions/listen' },
      ])
    }
  })
})

describe('findGovernor', () => {
  it('D05 governs every method that is read, in any case', () => {
    for (const { method, expected } of cells) {
      if (expected === undefined) continue
      for (const spelling of [method, method.toUpperCase()]) {
        expect(findGovernor(spelling), spelling).toBe(governed[method] ?? 'role')
      }
    }
  })

  it.each([
    'skills/list',
    'resources/directory/read',
    '',
    'constructor',
    '__proto__',
    'mytasks/get',
  ])('does not know %j', (method) => {
    expect(findGovernor(method)).toBeUndefined()
  })

  it.each([
    ['tasks/get', 'ownership'],
    ['tasks/later', 'ownership'],
    ['notifications/tasks/status', 'ownership'],
    ['notifications/tasks', 'ownership'],
    ['sampling/createMessage', 'server'],
    ['elicitation/create', 'server'],
    ['roots/list', 'server'],
    ['notifications/message', 'server'],
    ['notifications/resources/updated', 'server'],
    ['notifications/resources/list_changed', 'server'],
    ['notifications/tools/list_changed', 'server'],
    ['notifications/prompts/list_changed', 'server'],
    ['notifications/elicitation/complete', 'server'],
    ['notifications/subscriptions/acknowledged', 'server'],
  ])('knows that %s is a matter of: %s', (method, governor) => {
    expect(findGovernor(method)).toBe(governor)
  })
})

describe('the target of', () => {
  const read = (method: string, from: Readonly<Record<string, unknown>>) =>
    findOperationReader(method, 'modern', 'request')?.(from) ??
    findOperationReader(method, 'legacy', 'request')?.(from)

  it('D08 tools/call is its name and the very arguments of the body', () => {
    const args = { env: 'dev' }
    const operations = read('tools/call', { name: 'deploy', arguments: args })
    expect(operations).toEqual([{ kind: 'tool', name: 'deploy', args }])
    const [operation] = operations ?? []
    expect(operation?.kind === 'tool' && operation.args).toBe(args)
  })

  it.each(['Danger', 'danger ', 'dan\u200dger', 'e\u0301', '\ud800', '__proto__', ''])(
    'tools/call is left as it was sent: %j',
    (name) => {
      expect(read('tools/call', { name })).toEqual([{ kind: 'tool', name, args: {} }])
    },
  )

  it.each([
    ['tools/call', {}],
    ['tools/call', { name: 1 }],
    ['tools/call', { name: ['safe'] }],
    ['tools/call', { name: null }],
    ['tools/call', { name: 'a', arguments: [] }],
    ['tools/call', { name: 'a', arguments: null }],
    ['tools/call', { name: 'a', arguments: 'x' }],
    ['prompts/get', { uri: 'a' }],
    ['prompts/get', { name: {} }],
    ['prompts/get', { name: 'a', arguments: 1 }],
    ['resources/read', { name: 'a' }],
    ['resources/read', { uri: { href: 'file:///a' } }],
    ['resources/subscribe', { uri: 7 }],
    ['resources/unsubscribe', {}],
    ['completion/complete', {}],
    ['completion/complete', { ref: 'ref/prompt' }],
    ['completion/complete', { ref: [] }],
    ['completion/complete', { ref: { name: 'a' } }],
    ['completion/complete', { ref: { type: 'ref/prompt' } }],
    ['completion/complete', { ref: { type: 'ref/prompt', uri: 'a' } }],
    ['completion/complete', { ref: { type: 'ref/resource', name: 'a' } }],
    ['completion/complete', { ref: { type: 'ref/tool', name: 'a' } }],
    ['completion/complete', { ref: { type: 'Ref/prompt', name: 'a' } }],
    ['completion/complete', { ref: { type: '__proto__', name: 'a' } }],
    ['subscriptions/listen', {}],
    ['subscriptions/listen', { notifications: [] }],
    ['subscriptions/listen', { notifications: { resourceSubscriptions: 'file:///a' } }],
    ['subscriptions/listen', { notifications: { resourceSubscriptions: ['file:///a', 1] } }],
    ['subscriptions/listen', { notifications: { resourceSubscriptions: null } }],
  ])('D05 %s is refused if missing or of another type: %j', (method, from) => {
    expect(refusalOf(() => read(method, from))).toEqual([400, -32600])
  })

  it.each([
    [
      { type: 'ref/prompt', name: 'p' },
      { kind: 'prompt', name: 'p', args: undefined },
    ],
    [
      { type: 'ref/prompt', name: 'p{x}' },
      { kind: 'prompt', name: 'p{x}', args: undefined },
    ],
    [
      { type: 'ref/resource', uri: 'file:///a' },
      { kind: 'resource', uri: 'file:///a' },
    ],
    [
      { type: 'ref/resource', uri: 'file:///{p}' },
      { kind: 'template', uriTemplate: 'file:///{p}' },
    ],
    [
      { type: 'ref/resource', uri: 'file:///{' },
      { kind: 'template', uriTemplate: 'file:///{' },
    ],
  ])('D22 completion/complete is what it refers to: %j', (ref, operation) => {
    expect(read('completion/complete', { ref, argument: { name: 'x', value: '' } })).toEqual([
      operation,
    ])
  })

  it('D17 subscriptions/listen is every URI it names', () => {
    const notifications = { resourceSubscriptions: ['file:///a', 'file:///b'] }
    expect(read('subscriptions/listen', { notifications })).toEqual([
      { kind: 'resource', uri: 'file:///a' },
      { kind: 'resource', uri: 'file:///b' },
    ])
  })
})
