import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSseFilter, type SseFilterOptions, toSseEvent } from '../../src/mcp/sse.js'

interface Tool {
  readonly name: string
}
interface Message {
  readonly result?: { readonly tools?: readonly Tool[] }
  readonly error?: unknown
  readonly method?: string
}

/** A small stand-in for the message filter: hides the tool `secret`, drops `hidden`, refuses two-faced messages. */
function rewrite(message: unknown): unknown {
  const { result, error, method } = (message ?? {}) as Message
  if (method === 'hidden') return undefined
  if (result?.tools === undefined) return message
  if (error !== undefined) throw new Error('two-faced')
  const tools = result.tools.filter((tool) => tool.name !== 'secret')
  return tools.length === result.tools.length
    ? message
    : { ...(message as object), result: { ...result, tools } }
}

const OPTIONS: SseFilterOptions = {
  rewrite,
  mayHoldList: (text) => text.includes('"tools"') || text.includes('\\u'),
  onUnfilterable: () => 'data: "gone"\n\n',
}

function filter(input: string | Uint8Array, options: Partial<SseFilterOptions> = {}): string {
  const stream = createSseFilter({ ...OPTIONS, ...options })
  return stream.push(typeof input === 'string' ? Buffer.from(input) : input) + stream.end()
}

const LIST = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"},{"name":"secret"}]}}'
const FILTERED = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"}]}}'

describe('createSseFilter', () => {
  it('filters a message and keeps type and id', () => {
    expect(filter(`event: message\nid: 7\ndata: ${LIST}\n\n`)).toBe(
      `event: message\nid: 7\ndata: ${FILTERED}\n\n`,
    )
  })

  it('D14 rewrites the id of every event but an empty one', () => {
    const eventId = (id: string) => `sealed-${id}`
    const input = `id: 7\ndata: ${LIST}\n\nid: 8\ndata: \n\nid:\ndata: {"id":2}\n\ndata: {"id":3}\n\n`
    expect(filter(input, { eventId })).toBe(
      `id: sealed-7\ndata: ${FILTERED}\n\nid: sealed-8\ndata: \n\nid: \ndata: {"id":2}\n\ndata: {"id":3}\n\n`,
    )
  })

  it('keeps the text of a message without a list, exact numbers included', () => {
    const text = '{"id":1,"result":{"n":12345678901234567890, "f":1.0}}'
    expect(filter(`data: ${text}\n\n`)).toBe(`data: ${text}\n\n`)
  })

  it('writes a message that may hold a list as it was parsed', () => {
    const twice = '{"id":1,"result":{"tools":[{"name":"secret"}],"tools":[{"name":"a"}]}}'
    expect(filter(`data: ${twice}\n\n`)).toBe(
      'data: {"id":1,"result":{"tools":[{"name":"a"}]}}\n\n',
    )
  })

  it('drops the event of a dropped message', () => {
    expect(filter('id: 1\ndata: {"method":"hidden"}\n\ndata: {"id":2}\n\n')).toBe(
      'data: {"id":2}\n\n',
    )
  })

  it('passes keep-alives, priming events and retry', () => {
    expect(filter(': keepalive\n\n')).toBe(': keepalive\n\n')
    expect(filter('id: x\nretry: 500\ndata: \n\n')).toBe('retry: 500\nid: x\ndata: \n\n')
    expect(filter('data\n\n')).toBe('data: \n\n')
  })

  it('empties a comment that is more than plain words', () => {
    expect(filter(`: ${LIST}\n\n`)).toBe(': \n\n')
  })

  it('passes the URL of an endpoint event, rewritten if wanted', () => {
    const event = 'event: endpoint\ndata: /messages?sessionId=1\n\n'
    expect(filter(event)).toBe(event)
    expect(filter(event, { endpoint: (url) => `${url}.sealed` })).toBe(
      'event: endpoint\ndata: /messages?sessionId=1.sealed\n\n',
    )
  })

  it('passes every character of a URL in an endpoint event, and gives up on any other', () => {
    const endpoint = (url: string) => `event: endpoint\ndata: ${url}\n\n`
    for (const character of "aZ09_-.~:/?#[]@!$&'()*+,;=%") {
      expect(filter(endpoint(character))).toBe(endpoint(character))
    }
    for (const character of ' "<>\\^`{|}\u00e9\u2028\t') {
      expect(filter(endpoint(`/m${character}`))).toBe('data: "gone"\n\n')
    }
  })

  it('drops an event that is not terminated', () => {
    expect(filter(`data: ${LIST}`)).toBe('')
    expect(filter(`data: ${LIST}\n`)).toBe('')
  })

  it('writes a message as one event', () => {
    expect(filter(toSseEvent({ id: 1 }))).toBe('event: message\ndata: {"id":1}\n\n')
  })

  it.each(['\n', '\r', '\r\n'])(
    'D19 SSE_MixedSeparatorsBypass: filters lines ended by %j',
    (eol) => {
      expect(filter(`event: message${eol}data: ${LIST}${eol}${eol}`)).toBe(
        `event: message\ndata: ${FILTERED}\n\n`,
      )
    },
  )

  it('D19 SSE_MixedSeparatorsBypass: filters where every line ends differently', () => {
    expect(filter(`event: message\rdata: ${LIST}\r\n\rid: 2\ndata: ${LIST}\r\r\n`)).toBe(
      `event: message\ndata: ${FILTERED}\n\nid: 2\ndata: ${FILTERED}\n\n`,
    )
  })

  it.each(['event: ping', 'event: endpoint', 'event: error', 'id: 1', 'event:message'])(
    'D19 SSE_DisguisedResponseFrame: filters a response in an event with %j',
    (line) => {
      expect(filter(`${line}\ndata: ${LIST}\n\n`)).not.toContain('secret')
    },
  )

  it('D19 SSE_ConcatenatedEventBypass: refuses two messages in one event', () => {
    expect(filter(`data: {"id":1}${LIST}\n\n`)).toBe('data: "gone"\n\n')
    expect(filter(`data: {"id":1}\ndata: ${LIST}\n\n`)).toBe('data: "gone"\n\n')
  })

  it('D19 SSE_LeadingBOMBypass: filters behind a byte order mark', () => {
    expect(filter(`\ufeffdata: ${LIST}\n\n`)).toBe(`data: ${FILTERED}\n\n`)
    expect(filter(`\ufeff\ufeffdata: ${LIST}\n\n`)).toBe('')
    expect(filter(`\u00ef\u00bb\u00bfdata: ${LIST}\n\n`)).toBe('')
    expect(filter(`data: \ufeff${LIST}\n\n`)).toBe('data: "gone"\n\n')
  })

  it('D19 SSE_ErrorAndResultBypass: gives the stream up where the filter refuses a message', () => {
    expect(filter(`data: {"error":{},"result":{"tools":[{"name":"secret"}]}}\n\n`)).toBe(
      'data: "gone"\n\n',
    )
  })

  it('D19 SplitPayloadAcrossDataLines: filters a message cut over data lines', () => {
    const lines = LIST.replace('[', '\ndata: [\ndata:')
    expect(filter(`data: ${lines}\n\n`)).toBe(`data: ${FILTERED}\n\n`)
  })

  it('D19 InteriorBareCR: refuses what a bare CR cuts in two', () => {
    expect(filter(`data: {"a":\r${LIST}}\n\n`)).toBe('data: "gone"\n\n')
    expect(filter(`data: {"id":1}\rdata: ${LIST}\n\n`)).toBe('data: "gone"\n\n')
  })

  it('D19 RejectsBareJSONWithoutDataPrefix: lets no line without a field through', () => {
    expect(filter(`${LIST}\n\n`)).toBe('')
    expect(filter(` data: ${LIST}\n\n`)).toBe('')
    expect(filter(`secret: x\ndata: {"id":1}\n\n`)).toBe('data: {"id":1}\n\n')
  })

  it.each(['\u2028', '\u2029', '\u0085', '\v', '\f', '\u001c', '\t'])(
    'D19 gives the stream up where a type or id holds %j, which some readers take for the end of a line',
    (end) => {
      const hidden = `${end}data: ${LIST}`
      expect(filter(`id: 1${hidden}\ndata: {"id":2}\n\n`)).toBe('data: "gone"\n\n')
      expect(filter(`event: message${hidden}\ndata: {"id":2}\n\n`)).toBe('data: "gone"\n\n')
    },
  )

  it('D19 FailClosedDoesNotLeakSubsequentEvents: says nothing after it gave up', () => {
    const stream = createSseFilter(OPTIONS)
    const event = `data: {"id":5}\n\n`
    expect(stream.push(Buffer.from(`${event}data: broken\n\n${event}`))).toBe(
      `${event}data: "gone"\n\n`,
    )
    expect(stream.failed).toBe(true)
    expect(stream.push(Buffer.from(event))).toBe('')
    expect(stream.fail()).toBe('')
    expect(stream.end()).toBe('')
  })

  it('D19 sends an event as soon as a CR ends its blank line, whatever comes next', () => {
    const stream = createSseFilter(OPTIONS)
    const chunks = ['data: {"id":1}\r', '\r', '\ndata: {"id":2}', '\r', '\n', '\r', 'data']
    expect(chunks.map((chunk) => stream.push(Buffer.from(chunk)))).toEqual([
      '',
      'data: {"id":1}\n\n',
      '',
      '',
      '',
      'data: {"id":2}\n\n',
      '',
    ])
    expect(stream.end()).toBe('')
  })

  it('gives up on request, once, without the event in the middle of which it was', () => {
    const stream = createSseFilter(OPTIONS)
    expect(stream.push(Buffer.from('data: {"id":'))).toBe('')
    expect(stream.fail()).toBe('data: "gone"\n\n')
    expect(stream.push(Buffer.from('1}\n\n')) + stream.end()).toBe('')
  })

  it('gives up in silence if nobody has, or can say, a last word', () => {
    expect(filter('data: broken\n\n', { onUnfilterable: undefined })).toBe('')
    const onUnfilterable = (): string => {
      throw new Error('no')
    }
    expect(filter('data: broken\n\n', { onUnfilterable })).toBe('')
  })

  it('gives up on an event longer than it may hold', () => {
    const stream = createSseFilter({ ...OPTIONS, maxLength: 100 })
    expect(stream.push(Buffer.from(`data: ${'x'.repeat(200)}`))).toBe('data: "gone"\n\n')
    expect(stream.push(Buffer.from('\n\n'))).toBe('')
  })

  const line = fc.oneof(
    { weight: 3, arbitrary: fc.constant(`data: ${LIST}`) },
    { weight: 2, arbitrary: fc.constant('') },
    fc.constantFrom('data: {"a":', 'data: "é€😀"}', 'data:', 'id: 7', 'event: message', 'retry: 5'),
    fc.constantFrom(
      ': keepalive',
      ': {"x"}',
      LIST,
      'event: endpoint',
      'data: /m?s=1',
      '\ufeffdata: 1',
    ),
    fc.string({ unit: 'binary', maxLength: 8 }),
  )
  const eol = fc.constantFrom('\n', '\r', '\r\n', '\n\n')
  const stream = fc
    .tuple(
      fc.constantFrom('', '\ufeff', '\u00ef\u00bb\u00bf'),
      fc.array(fc.tuple(line, eol), { maxLength: 12 }),
    )
    .map(([mark, lines]) => Buffer.from(mark + lines.flat().join('')))

  it('gives the same output however the bytes are cut into chunks', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(400), { maxLength: 12 }), (bytes, cuts) => {
        const cut = createSseFilter(OPTIONS)
        let out = ''
        let from = 0
        for (const to of [...cuts].sort((a, b) => a - b)) {
          out += cut.push(bytes.subarray(from, to))
          from = Math.max(from, to)
        }
        out += cut.push(bytes.subarray(from)) + cut.end()
        expect(out).toBe(filter(bytes))
        const bytewise = createSseFilter(OPTIONS)
        const single = [...bytes].map((byte) => bytewise.push(Uint8Array.of(byte))).join('')
        expect(single + bytewise.end()).toBe(filter(bytes))
      }),
      { numRuns: 300 },
    )
  })

  it('D19 shows a client no forbidden tool, whatever the lines', () => {
    fc.assert(
      fc.property(stream, (bytes) => {
        const out = filter(bytes)
        expect(out).not.toContain('secret')
        const seen: string[] = []
        createParser({ onEvent: ({ data }) => seen.push(data) }).feed(out)
        for (const data of seen) {
          expect(data === '' || data.startsWith('/') || JSON.parse(data) !== undefined).toBe(true)
        }
        expect(filter(out)).toBe(out)
      }),
      { numRuns: 300 },
    )
  })
})
