import { isDeepStrictEqual } from 'node:util'
import { RequestError } from '../../../packages/core/dist/errors.js'
import { parseJson } from '../../../packages/core/dist/http/parse-json.js'
import { readMessages } from '../../../packages/core/dist/mcp/read-operations.js'
import { objectsIn, readJson, valuesOf } from '../json-reader.js'
import { bodies } from '../messages.js'
import { mutateBytes } from '../mutate-bytes.js'
import { mutateJson } from '../mutate-json.js'
import { mutateText } from '../mutate-text.js'
import { expect } from '../run-target.js'

const samples = bodies.flatMap((body) => [
  Buffer.from(JSON.stringify(body)),
  Buffer.from(JSON.stringify(body, null, 2)),
])
const depth = 24
const context = { batch: 4, protocolVersion: undefined }
/** Keys that decide, and the way to the objects they decide in. */
const levels = [
  [[], ['jsonrpc', 'id', 'method', 'params', 'result', 'error']],
  [['params'], ['name', 'uri', 'arguments', 'taskId', '_meta', 'ref', 'notifications', 'task']],
  [
    ['params', 'ref'],
    ['type', 'name', 'uri'],
  ],
  [
    ['params', 'notifications'],
    ['resourceSubscriptions', 'taskIds'],
  ],
  [
    ['params', '_meta'],
    ['io.modelcontextprotocol/protocolVersion', 'io.modelcontextprotocol/related-task'],
  ],
  [['params', '_meta', 'io.modelcontextprotocol/related-task'], ['taskId']],
]
/** Also where nothing is decided: in arguments, and below them. */
const keys = ['__proto__', 'constructor', 'name', 'Name', 'method', 'params', 'uri', 'id', 'x', '']
const dictionary = [
  '"__proto__":', '"\\u005f_proto__":', '"constructor":', '"prototype":', '"name":', '"Name":',
  '"n\\u0061me":', '"method":', '"METHOD":', '"param\u017f":', '"tas\u212a":', '"tools/call"',
  '"purge"', '"id":', 'null', '1e999', '-0', '9007199254740993', '1.5', '{', '}', '[', ']', ',', ':',
  '"', '\\', '\\ud800', '"\\u0000"', '{}', '[]', 'true', '[[[[[[[[[[[[[[[[[[[[[[[[[', ']]]]]]]]',
  '"params":{"name":"purge"}', '"jsonrpc":"2.0"', '"result":{}', '/*x*/', '//x\n', 'NaN', '01',
] // biome-ignore format: a list of words

export const jsonBodiesTarget = {
  name: 'JSON bodies',
  samples,
  mutate(input, random) {
    const kind = random.below(4)
    if (kind === 0) return mutateBytes(input, random, samples)
    if (kind === 1) return mutateText(input, random, { others: samples, dictionary })
    return mutateJson(input, random, { others: samples, dictionary, keys })
  },
  examine(input) {
    const lenient = accept(input, false)
    const strict = accept(input, true)
    expect(!strict || lenient, 'uniqueKeys accepts what is refused without it')
    if (strict) checkUnique(input.toString('utf8'))
    return lenient
  },
}

/** Whether a body is accepted; what is said about it then must be what it says. */
function accept(input, uniqueKeys) {
  const read = readBody(input, uniqueKeys)
  if (read === undefined) return false
  // Every byte counted: what is no UTF-8 would come back as other bytes.
  const text = input.toString('utf8')
  expect(Buffer.from(text).equals(input), 'a body that is no UTF-8 is accepted')
  const alone = JSON.parse(text)
  expect(isDeepStrictEqual(alone, read.value), 'the body is read otherwise by JSON.parse')
  const said = Array.isArray(alone) ? alone : [alone]
  expect(said.length === read.messages.length, 'messages are lost or invented')
  for (const [index, message] of said.entries()) {
    checkKeys(message)
    checkMessage(read.messages[index], message)
  }
  checkDepth(alone, 1)
  return true
}

function readBody(input, uniqueKeys) {
  try {
    const value = parseJson(input, { depth, uniqueKeys })
    return { value, messages: readMessages(value, context) }
  } catch (error) {
    if (!(error instanceof RequestError)) throw error
    const { status, rpcCode } = error
    expect(status === 400 && rpcCode < 0, 'a body is refused with an unusual code', {
      status,
      rpcCode,
    })
    return undefined
  }
}

function checkMessage(read, said) {
  expect(said.jsonrpc === '2.0', 'a message of another protocol is accepted')
  expect(
    Object.hasOwn(said, 'method') !== (read.kind === 'response'),
    'request and response confused',
  )
  expect(read.operations.length > 0, 'a message asks for nothing')
  if (read.kind === 'response') return
  expect(read.method === said.method, 'another method is read', read.method)
  expect(Object.hasOwn(said, 'id') === (read.kind === 'request'), 'an id is lost or invented')
  if (read.kind === 'request') checkId(read.id, said.id)
  checkTarget(read, said.params)
}

function checkId(read, said) {
  expect(read === said, 'another id is read')
  const sound = typeof said === 'string' || Number.isSafeInteger(said)
  expect(sound, 'an id is accepted that comes back as another one', said)
}

const targets = {
  'tools/call': ({ name, args }, said) => name === said.name && args === said.arguments,
  'prompts/get': ({ name }, said) => name === said.name,
  'resources/read': ({ uri }, said) => uri === said.uri,
  'tasks/get': ({ taskId }, said) => taskId === said.taskId,
  'completion/complete': ({ kind, name, uri, uriTemplate }, { ref }) =>
    kind === 'prompt'
      ? ref.type === 'ref/prompt' && name === ref.name
      : ref.type === 'ref/resource' && (uri ?? uriTemplate) === ref.uri,
}
const kinds = { 'tools/call': 'tool', 'prompts/get': 'prompt', 'resources/read': 'resource' }

/** What is decided on is what JSON.parse of the same text, done elsewhere, finds. */
function checkTarget({ method, operations: [operation] }, said) {
  const matches = Object.hasOwn(targets, method) ? targets[method] : undefined
  if (matches === undefined) return
  const kind = kinds[method] ?? operation.kind
  expect(operation.kind === kind, 'an operation is of another kind than its method', operation.kind)
  const same = matches(withText(operation), withText(said))
  expect(same, 'another target is decided on', { operation, said })
}

/** Arguments are compared by what they hold: the object read and the one here are two. */
function withText(target) {
  const { args, arguments: given, ...rest } = target
  return { ...rest, args: JSON.stringify(args ?? {}), arguments: JSON.stringify(given ?? {}) }
}

function checkKeys(message) {
  for (const [way, keys] of levels) {
    const holder = way.reduce((value, key) => value?.[key], message)
    for (const key of isObject(holder) ? Object.keys(holder) : []) {
      const twin = keys.find((known) => known !== key && isTwin(known, key))
      expect(twin === undefined, 'a case twin is accepted', key)
      expect(key !== 'constructor' && key !== 'prototype', 'a prototype key is accepted', key)
    }
  }
}

/** By Unicode's simple folding, and by either of the two mappings: whichever some reader uses. */
function isTwin(known, key) {
  const pattern = new RegExp(`^${known.replaceAll(/[./]/g, '\\$&')}$`, 'iu')
  return (
    pattern.test(key) ||
    key.toLowerCase() === known.toLowerCase() ||
    key.toUpperCase() === known.toUpperCase()
  )
}

function checkDepth(value, level) {
  if (!isObject(value) && !Array.isArray(value)) return
  expect(level <= depth, 'a body is accepted that nests too deeply')
  expect(!Object.hasOwn(value, '__proto__'), 'a key __proto__ is accepted')
  for (const child of Object.values(value)) checkDepth(child, level + 1)
}

function checkUnique(text) {
  const value = readJson(text)
  expect(value !== undefined, 'a text is accepted that is not JSON')
  for (const entries of objectsIn(value)) {
    const keys = entries.map(({ key }) => key)
    expect(new Set(keys).size === keys.length, 'a key given twice is accepted', keys)
    expect(!keys.includes('__proto__'), 'a key __proto__ is accepted somewhere', keys)
  }
  expect(valuesOf(value, 'method').length <= 1, 'two methods are accepted')
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
