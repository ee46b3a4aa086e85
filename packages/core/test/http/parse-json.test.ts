import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { RequestError } from '../../src/errors.js'
import { parseJson } from '../../src/http/parse-json.js'
import { expectLinearTime } from '../linear-time.js'

const LIMITS = { depth: 64, uniqueKeys: false }

function parse(text: string | Uint8Array, limits = LIMITS): unknown {
  return parseJson(typeof text === 'string' ? Buffer.from(text) : text, limits)
}

function refusal(text: string | Uint8Array, limits = LIMITS): readonly [number, number] {
  try {
    parse(text, limits)
  } catch (error) {
    if (error instanceof RequestError) return [error.status, error.rpcCode]
    throw error
  }
  throw new Error('was not refused')
}

const NOT_JSON = [400, -32700]
const REFUSED = [400, -32600]

describe('parseJson', () => {
  it('parses an ordinary call', () => {
    const call = {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'a', arguments: {} },
    }
    expect(parse(JSON.stringify(call))).toEqual(call)
  })

  it.each(['', '{', '{"a":1,}', 'NaN', "{'a':1}", '{"a":1}{"a":2}', '{"a":"\u0000"}', '// x\n{}'])(
    'refuses %j as no JSON',
    (text) => {
      expect(refusal(text)).toEqual(NOT_JSON)
    },
  )

  it.each(['1', '"x"', 'null', 'true'])('refuses a root that is no object or array: %s', (text) => {
    expect(refusal(text)).toEqual(REFUSED)
  })

  it('D04 refuses a byte order mark', () => {
    expect(refusal('\ufeff{}')).toEqual(NOT_JSON)
  })

  it('D04 refuses UTF-16 and broken UTF-8', () => {
    expect(refusal(Buffer.from('{"a":1}', 'utf16le'))).toEqual(NOT_JSON)
    expect(refusal(Buffer.from([0x22, 0xff, 0x22]))).toEqual(NOT_JSON)
    expect(refusal(Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d]))).toEqual(NOT_JSON)
  })

  it('D30 refuses 100,000 open brackets before a parser sees them', () => {
    const parser = vi.spyOn(JSON, 'parse')
    onTestFinished(() => parser.mockRestore())
    expect(refusal('['.repeat(100_000))).toEqual(REFUSED)
    expect(refusal('{"a":'.repeat(100_000))).toEqual(REFUSED)
    expect(parser).not.toHaveBeenCalled()
  })

  it('D30 allows exactly the depth it is told, brackets in strings not counted', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
    expect(parse(nested(64))).toBeDefined()
    expect(refusal(nested(65))).toEqual(REFUSED)
    expect(parse(`{"a":"${'['.repeat(100)}\\"${'{'.repeat(100)}\\\\"}`)).toBeDefined()
  })

  it('D30 scans a megabyte of backslashes and quotes in linear time', () => {
    expectLinearTime({
      size: 1_000_000,
      create: (size) => `["${'\\'.repeat(size)}`,
      run: (text) => expect(refusal(text)).toEqual(NOT_JSON),
    })
    expectLinearTime({
      size: 500_000,
      create: (size) => `["${'\\"'.repeat(size)}"]`,
      run: (text) => expect(parse(text, { depth: 64, uniqueKeys: true })).toBeDefined(),
    })
  })

  const root = (key: string): string => `{"jsonrpc":"2.0","id":1,${JSON.stringify(key)}:{}}`
  const params = (key: string): string => `{"method":"x","params":{${JSON.stringify(key)}:{}}}`
  const meta = (key: string): string => `{"params":{"_meta":{${JSON.stringify(key)}:{}}}}`
  const ref = (key: string): string => `{"params":{"ref":{${JSON.stringify(key)}:""}}}`
  const listen = (key: string): string => `{"params":{"notifications":{${JSON.stringify(key)}:[]}}}`

  it.each([
    root('METHOD'),
    root('Method'),
    root('Id'),
    root('\u0131d'),
    root('\u0130d'),
    root('JSONRPC'),
    root('param\u017f'),
    root('Re\u017fult'),
    root('ERROR'),
    params('Name'),
    params('NAME'),
    params('URI'),
    params('Argument\u017f'),
    params('_Meta'),
    params('REF'),
    params('requestID'),
    params('ta\u017f\u212aId'),
    params('Notifications'),
    meta('IO.modelcontextprotocol/protocolVersion'),
    meta('io.modelcontextprotocol/ProtocolVersion'),
    meta('io.modelcontextprotocol/Related-Ta\u017fk'),
    `{"params":{"_meta":{"io.modelcontextprotocol/related-task":{"taskID":"1"}}}}`,
    ref('Type'),
    ref('uRi'),
    listen('ResourceSubscriptions'),
    listen('taskids'),
    `[${params('name')},${params('Name')}]`,
  ])('D02 refuses a case twin of a key a decision reads: %s', (text) => {
    expect(refusal(text)).toEqual(REFUSED)
  })

  it('D02 refuses a case twin written with an escape', () => {
    expect(refusal('{"params":{"\\u004eame":"x"}}')).toEqual(REFUSED)
  })

  it.each([
    '{"params":{"name":"t","arguments":{"Name":1,"METHOD":2,"constructor":3,"prototype":4}}}',
    '{"params":{"_meta":{"com.example/Name":1,"Name":2}}}',
    '{"params":{"names":1,"uris":2,"referee":3}}',
    '{"result":{"Name":1}}',
    '{"params":[{"Name":1}]}',
    '{"params":{"_meta":null,"ref":"x","notifications":[]}}',
  ])('leaves other keys alone: %s', (text) => {
    expect(parse(text)).toEqual(JSON.parse(text))
  })

  it.each([
    ['at the root', '{"__proto__":{}}'],
    ['in params', '{"params":{"__proto__":{"name":"x"}}}'],
    ['in arguments', '{"params":{"arguments":{"a":[{"__proto__":1}]}}}'],
    ['escaped', '{"params":{"arguments":{"\\u005f_proto__":1}}}'],
    ['in a result', '{"result":{"x":{"__proto__":null}}}'],
    ['constructor at the root', '{"constructor":{}}'],
    ['constructor in params', '{"params":{"constructor":{"prototype":{}}}}'],
    ['prototype in params', '{"params":{"prototype":{}}}'],
    ['constructor in _meta', '{"params":{"_meta":{"constructor":{}}}}'],
  ])('D04 refuses a prototype key: %s', (_where, text) => {
    expect(refusal(text)).toEqual(REFUSED)
  })

  it('D04 lets the word __proto__ be a value', () => {
    expect(parse('{"params":{"name":"__proto__"}}')).toEqual({ params: { name: '__proto__' } })
  })

  it.each([
    ['at the root', '{"id":1,"id":2}'],
    ['escaped', '{"params":{"name":"a","n\\u0061me":"b"}}'],
    ['in arguments', '{"params":{"arguments":{"x":[{"k":1,"j":{},"k":2}]}}}'],
    ['empty', '{"":1,"":2}'],
    ['after nested objects', '{"a":{"b":1},"c":["}",{"a":1}],"a":2}'],
    ['in a batch', '[{"a":1},{"b":1,"b":1}]'],
  ])('D02 refuses a key given twice where keys must be unique: %s', (_where, text) => {
    expect(refusal(text, { depth: 64, uniqueKeys: true })).toEqual(REFUSED)
    expect(parse(text)).toEqual(JSON.parse(text))
  })

  it('accepts every JSON object whose keys are unique', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), (args) => {
        const text = JSON.stringify({ params: { arguments: args } })
        fc.pre(!text.includes('__proto__'))
        expect(parse(text, { depth: 64, uniqueKeys: true })).toEqual(JSON.parse(text))
      }),
    )
  })

  it.each([
    '__proto__',
    'constructor',
    'DANGER',
    'danger ',
    'danger\u0000',
    'caf\u00e9',
    'cafe\u0301',
    'a\u200db',
    '\uff44anger',
    '\ud800',
    'x'.repeat(10_240),
  ])('D09 hands a tool name on untouched: %j', (name) => {
    expect(parse(JSON.stringify({ params: { name } }))).toEqual({ params: { name } })
  })

  it('D09 reads an escaped name as the name it spells', () => {
    expect(parse('{"params":{"name":"dan\\u0067er"}}')).toEqual({ params: { name: 'danger' } })
  })

  it('D09 hands any string on untouched', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(parse(JSON.stringify({ params: { name } }))).toEqual({ params: { name } })
      }),
    )
  })

  it.each(['12345678901234567890', '9007199254740993', '1e400', '-9007199254740993'])(
    'D12 leaves an id that cannot be echoed recognisable: %s',
    (id) => {
      const { id: parsed } = parse(`{"id":${id}}`) as { id: unknown }
      expect(Number.isSafeInteger(parsed)).toBe(false)
    },
  )
})
