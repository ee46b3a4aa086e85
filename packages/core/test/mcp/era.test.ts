import { describe, expect, it } from 'vitest'
import { claimsModern, isModernVersion, readEra } from '../../src/mcp/era.js'
import { refusalOf } from './refusal.js'

const VERSION = 'io.modelcontextprotocol/protocolVersion'
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities'
const modern = { _meta: { [VERSION]: '2026-07-28', [CAPABILITIES]: {} } }

function request(method: string, params: unknown = {}) {
  return { form: 'request', method, params } as const
}

function notification(params: unknown = {}) {
  return { form: 'notification', method: 'notifications/cancelled', params } as const
}

describe('isModernVersion', () => {
  it.each([
    [undefined, false],
    ['', false],
    ['2024-11-05', false],
    ['2025-11-25', false],
    ['2026-07-27', false],
    ['2026-07-28', true],
    ['2027-01-01', true],
  ])('%s: %s', (version, expected) => {
    expect(isModernVersion(version)).toBe(expected)
  })
})

describe('claimsModern', () => {
  it.each([
    [modern, true],
    [{ _meta: { [VERSION]: 1 } }, true],
    [{ _meta: { [VERSION]: null } }, true],
    [{ _meta: {} }, false],
    [{ _meta: [VERSION] }, false],
    [{ _meta: 'x' }, false],
    [{ [VERSION]: '2026-07-28' }, false],
    [undefined, false],
    [null, false],
    [[], false],
  ])('%j: %s', (params, expected) => {
    expect(claimsModern(params)).toBe(expected)
  })
})

describe('readEra', () => {
  it('takes a request with a claim as modern, whatever the header says', () => {
    for (const header of [undefined, '2025-06-18', '2026-07-28']) {
      expect(readEra(request('tools/call', modern), header)).toStrictEqual({
        era: 'modern',
        version: '2026-07-28',
      })
    }
  })

  it('takes a claim that names an old version as a claim still', () => {
    const params = { _meta: { [VERSION]: '2025-11-25' } }
    expect(readEra(request('tools/call', params), '2025-11-25')).toStrictEqual({
      era: 'modern',
      version: '2025-11-25',
    })
  })

  it.each([undefined, '', '2025-03-26', '2025-11-25'])(
    'takes a request without a claim as legacy under the header %s',
    (header) => {
      expect(readEra(request('tools/call'), header)).toStrictEqual({
        era: 'legacy',
        version: undefined,
      })
    },
  )

  it('gives every legacy request one constant, which nobody can change', () => {
    expect(Object.isFrozen(readEra(request('tools/call'), undefined))).toBe(true)
  })

  it.each([{}, { _meta: {} }, { _meta: { [CAPABILITIES]: {} } }])(
    'D07 refuses a modern version header without a claim: %j',
    (params) => {
      const run = () => readEra(request('tools/call', params), '2026-07-28')
      expect(refusalOf(run)).toEqual([400, -32602])
    },
  )

  it.each([1, null, {}, ['2026-07-28'], true])(
    'refuses a claim that is not a string: %j',
    (version) => {
      const params = { _meta: { [VERSION]: version } }
      expect(refusalOf(() => readEra(request('tools/call', params), undefined))).toEqual([
        400, -32602,
      ])
      expect(refusalOf(() => readEra(notification(params), undefined))).toEqual([400, -32602])
    },
  )

  describe('initialize', () => {
    it.each([
      [{}, 'legacy'],
      [{ _meta: { [VERSION]: '2026-07-28' } }, 'legacy'],
      [{ _meta: { [VERSION]: '2025-11-25', [CAPABILITIES]: {} } }, 'legacy'],
      [{ _meta: { [VERSION]: 1, [CAPABILITIES]: {} } }, 'legacy'],
      [modern, 'modern'],
    ])('with %j is %s', (params, era) => {
      expect(readEra(request('initialize', params), undefined).era).toBe(era)
    })

    it('D07 is refused with a modern version header and without an envelope', () => {
      const run = () => readEra(request('initialize'), '2026-07-28')
      expect(refusalOf(run)).toEqual([400, -32020])
    })
  })

  describe('notifications', () => {
    it('that are named initialize are notifications all the same', () => {
      const message = { form: 'notification', method: 'initialize', params: {} } as const
      expect(readEra(message, '2026-07-28').era).toBe('modern')
    })

    it.each([
      [{}, undefined, 'legacy', undefined],
      [{}, '2025-06-18', 'legacy', undefined],
      [{}, '2026-07-28', 'modern', undefined],
      [modern, undefined, 'modern', '2026-07-28'],
      [modern, '2025-06-18', 'modern', '2026-07-28'],
    ])('with %j under the header %s are %s', (params, header, era, version) => {
      expect(readEra(notification(params), header)).toStrictEqual({ era, version })
    })
  })
})
