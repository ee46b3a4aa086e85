import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mayHoldList } from '../../src/mcp/may-hold-list.js'

describe('mayHoldList', () => {
  it.each([
    '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"ok"}]}}',
    '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"\\u001b[31m tools"}]}}',
    '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"\\"tools\\""}],"isError":true}}',
    '{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"m"}}',
    '{"jsonrpc":"2.0","method":"notifications/progress","params":{}}',
    '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}',
    '',
  ])('says no to an ordinary answer: %s', (text) => {
    expect(mayHoldList(text)).toBe(false)
    expect(mayHoldList(Buffer.from(text))).toBe(false)
  })

  it.each([
    '{"result":{"tools":[]}}',
    '{"result" : { "tools"\n: [] } }',
    '{"result":{"prompts":[]}}',
    '{"result":{"resources":[]}}',
    '{"result":{"resourceTemplates":[]}}',
    '{"result":{"tasks":[]}}',
    '{"result":{"task":{"taskId":"t"}}}',
    '{"result":{"resultType":"task","taskId":"t"}}',
    '{"result":{"resultType":"task","task\\u0049d":"t"}}',
    '{"method":"notifications/tasks/status","params":{"taskId":"t"}}',
    '{"method":"notifications/x","params":{"notifications":{"taskIds":["t"]}}}',
    '{"result":{"cacheScope":"public"}}',
    '{"result":{"\\u0074ools":[]}}',
    '{"r\\u0065sult":{},"error":{}}',
    '{"method":"notifications/resources/updated"}',
    '{"method":"notifications\\/resources\\/updated"}',
    '{"method":"notifications\\u002Fresources\\u002fupdated"}',
    '{"result":{},"error":{}}',
    '{"method":"x","result":{}}',
    '\ufeff{"result":{"tools":[]}}',
  ])('D19 says yes to %s', (text) => {
    expect(mayHoldList(text)).toBe(true)
    expect(mayHoldList(Buffer.from(text))).toBe(true)
    expect(mayHoldList(new Uint8Array(Buffer.from(text)))).toBe(true)
  })

  it('looks only at the bytes of a view', () => {
    const bytes = Buffer.from('{"tools":1}{"id":1}')
    expect(mayHoldList(bytes.subarray(11))).toBe(false)
    expect(mayHoldList(bytes.subarray(0, 11))).toBe(true)
  })

  it('D19 says yes to text that is not UTF-8', () => {
    expect(mayHoldList(Buffer.from('{"result":{"tools":[]}}', 'utf16le'))).toBe(true)
  })

  it('says of any text what looking for each thing by itself says', () => {
    const keys = ['tools', 'prompts', 'resources', 'resourceTemplates', 'tasks', 'taskId']
    const filtered = [...keys, 'taskIds', 'cacheScope'].map((key) => JSON.stringify(key))
    const escapes = ['\\u002', '\\u003', '\\u004', '\\u005', '\\u006', '\\u007', '\0']
    const alone = [...filtered, '/updated"', ...escapes]
    const others = [
      '"result"',
      '"error"',
      '"method"',
      '"id"',
      '\\u001',
      '\\u008',
      'tools',
      '"',
      '{',
    ]
    const part = fc.oneof(fc.constantFrom(...alone, ...others), fc.string({ maxLength: 4 }))
    const byItself = (text: string): boolean =>
      alone.some((each) => text.includes(each)) ||
      (text.includes('"result"') && (text.includes('"error"') || text.includes('"method"')))
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
        const text = parts.join('')
        expect(mayHoldList(text)).toBe(byItself(text))
      }),
    )
  })
})
