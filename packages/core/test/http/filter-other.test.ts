import { describe, expect, it } from 'vitest'
import { filterOther } from '../../src/http/filter-other.js'
import { mayHoldList } from '../../src/mcp/may-hold-list.js'

const LIST = '{"id":1,"result":{"tools":[{"name":"secret"}]}}'
const options = { mayHoldList, rewrite: () => 'filtered' }

describe('filterOther', () => {
  it('D19 filters a list as JSON', () => {
    expect(filterOther(LIST, options)).toBe('"filtered"')
    expect(filterOther(Buffer.from(LIST), options)).toBe('"filtered"')
  })

  it('D19 refuses what may hold a list and is no JSON', () => {
    expect(() => filterOther(`<p>${LIST}`, options)).toThrow('JSON')
    expect(() => filterOther(LIST.replace('"tools"', '"\\u0074ools"').slice(1), options)).toThrow(
      'JSON',
    )
  })

  it('D19 finds a list between NULs, in text and in bytes, escapes too', () => {
    const spelled = LIST.replace('"tools"', '"\\u0074ools"')
    for (const list of [LIST, spelled]) {
      for (const body of [[...list].join('\0'), Buffer.from(list, 'utf16le'), `\0${list}`]) {
        expect(() => filterOther(body, options)).toThrow('NUL')
      }
    }
  })

  it('returns the same value where there is no list, NULs or none', () => {
    const wide = Buffer.from('{"name":"é"}', 'utf16le')
    for (const body of ['<p>tools: [a]</p>', '\0\0', '', wide, Buffer.from([0, 0xff, 0, 0xd8])]) {
      expect(filterOther(body, options)).toBe(body)
    }
  })
})
