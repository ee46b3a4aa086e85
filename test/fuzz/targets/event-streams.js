import { filterJson } from '../../../packages/core/dist/http/filter-json.js'
import { createMessageFilter } from '../../../packages/core/dist/mcp/filter-result.js'
import { mayHoldList } from '../../../packages/core/dist/mcp/may-hold-list.js'
import { createSseFilter } from '../../../packages/core/dist/mcp/sse.js'
import { readJson, valuesOf } from '../json-reader.js'
import { answers, lists, permitted } from '../messages.js'
import { mutateBytes } from '../mutate-bytes.js'
import { mutateJson } from '../mutate-json.js'
import { insertLine, mutateText } from '../mutate-text.js'
import { createRandom, hashBytes } from '../random.js'
import { expect } from '../run-target.js'
import { readEvents } from '../sse-reader.js'

const writers = [
  (message, index) => `id: ${index}\nevent: message\ndata: ${message}\n\n`,
  (message) => `data:${message}\r\n\r\n`,
  (message) => `: ping\n\ndata: ${message}\nretry: 10\n\n`,
  (message) => `event: message\rdata: ${message}\r\r`,
]
const samples = [
  ...writers.map((write) => stream(answers, write)),
  ...writers.flatMap((write) => answers.map((message) => stream([message], write))),
  Buffer.from(`event: endpoint\ndata: /messages?sessionId=1\n\n${toLines('{}')}`),
  ...answers.map((message) => Buffer.from(toLines(JSON.stringify(message, null, 1)))),
]
const lines = [
  'data: {"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"purge"}]}}', 'event: endpoint',
  'data:', 'data', 'id: 1\0', 'id', ' data: {}', 'DATA: {}', 'retry: 1x', ':', ': data: {}', '\ufeff',
  'event: message', 'event: e\u2028data: {"result":{"tools":[{"name":"purge"}]}}', 'unknown: x', '',
] // biome-ignore format: a list of lines
const dictionary = [
  '"result":', '"tools":', '"to\\u006fls":', '"error":{}', '"method":"x"', '"name":"search"',
  '"name":"purge"', '"n\\u0061me":"purge"', '{', '}', '[', ']', ',', 'data: ', '\ndata: ', '\n\n',
  '\rdata: ', '\u2028data: ', '\u0085', '\0', '"cacheScope":"public"', '"__proto__":', '\ufeff', ':',
  '"uri":"file:///secret/b"', 'null', '""', '\\', '"',
] // biome-ignore format: a list of words

const keys = [
  ...Object.keys(lists),
  'result',
  'error',
  'method',
  'cacheScope',
  'name',
  'uri',
  '__proto__',
]
const permits = ({ name, uri, uriTemplate }) => permitted.has(name ?? uri ?? uriTemplate)
const goodbye =
  'event: message\ndata: {"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"x"}}\n\n'

export const eventStreamsTarget = {
  name: 'SSE streams',
  samples,
  mutate(input, random) {
    const kind = random.below(8)
    if (kind === 0) return insertLine(input, random, Buffer.from(`${random.pick(lines)}\n`))
    if (kind >= 6) return mutateData(input, random)
    if (kind <= 2) return mutateBytes(input, random, samples)
    return mutateText(input, random, { others: samples, dictionary })
  },
  examine(input) {
    const { text, failed } = filter([input])
    for (const chunks of [cutEach(input, 1), cutEach(input, 3), cutAnywhere(input)]) {
      const again = filter(chunks)
      const same = again.text === text && again.failed === failed
      expect(same, 'the output depends on the chunks', { whole: text, cut: again.text })
    }
    for (const lenient of [false, true]) checkEvents(text, lenient)
    checkAnswers(input)
    return !failed
  },
}

/** Changes the message of one event, and leaves the lines around it. */
function mutateData(input, random) {
  const text = input.toString('utf8')
  const data = random.pick([...text.matchAll(/^data: ?(.+)$/gm)])
  if (data === undefined) return input
  const at = data.index + data[0].length - data[1].length
  const others = answers.map((message) => Buffer.from(JSON.stringify(message)))
  const mutated = mutateJson(Buffer.from(data[1]), random, { others, dictionary, keys })
  return Buffer.from(text.slice(0, at) + mutated.toString('utf8') + text.slice(at + data[1].length))
}

/** The same messages as answers of their own, which have another way through the filter. */
function checkAnswers(input) {
  for (const { data } of readEvents(input.toString('utf8'), { lenient: false })) {
    const answer = filterAnswer(data)
    const message = answer && readJson(answer)
    if (message) checkMessage(message, false)
  }
}

function filterAnswer(data) {
  try {
    return filterJson(data, { rewrite: createMessageFilter(permits), mayHoldList })
  } catch {
    return undefined
  }
}

function filter(chunks) {
  const sse = createSseFilter({
    rewrite: createMessageFilter(permits),
    mayHoldList,
    endpoint: (url) => `${url}.seal`,
    onUnfilterable: () => goodbye,
  })
  const text = chunks.map((chunk) => sse.push(chunk)).join('') + sse.end()
  expect(
    !sse.failed || text.endsWith(goodbye),
    'a stream given up does not end with the last words',
  )
  return { text, failed: sse.failed }
}

function checkEvents(text, lenient) {
  for (const { data } of readEvents(text, { lenient })) {
    const message = readJson(data)
    if (message !== undefined) checkMessage(message, lenient)
  }
}

/** Whichever of several equal keys a reader takes: no denied name may be under any of them. */
function checkMessage(message, lenient) {
  for (const one of message.kind === 'array' ? message.items : [message]) {
    for (const result of valuesOf(one, 'result')) checkResult(result, lenient)
    const updated = valuesOf(one, 'method').some(
      ({ value }) => value === 'notifications/resources/updated',
    )
    for (const params of updated ? valuesOf(one, 'params') : [])
      checkNames([params], 'uri', lenient)
  }
}

function checkResult(result, lenient) {
  for (const [list, key] of Object.entries(lists)) {
    for (const { items } of valuesOf(result, list)) checkNames(items ?? [], key, lenient)
  }
}

function checkNames(items, key, lenient) {
  for (const { value } of items.flatMap((item) => valuesOf(item, key))) {
    const reader = lenient ? 'a lenient reader' : 'a reader'
    expect(permitted.has(value), `${reader} is told a denied name`, value)
  }
}

function stream(messages, write) {
  return Buffer.from(
    messages.map((message, index) => write(JSON.stringify(message), index)).join(''),
  )
}

function toLines(json) {
  return `${json.replaceAll(/^/gm, 'data: ')}\n\n`
}

function cutEach(input, size) {
  const count = Math.ceil(input.length / size)
  return Array.from({ length: count }, (_, index) =>
    input.subarray(index * size, (index + 1) * size),
  )
}

/** Always the same places for the same input, so that it can be shrunk. */
function cutAnywhere(input) {
  const random = createRandom(hashBytes(input))
  const cuts = Array.from({ length: 4 }, () => random.below(input.length + 1))
  const places = [0, ...cuts.sort((a, b) => a - b), input.length]
  return places.slice(1).map((end, index) => input.subarray(places[index], end))
}
