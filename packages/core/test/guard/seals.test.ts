import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSeals, type Sealed } from '../../src/guard/seals.js'

const older = 'the-secret-of-last-year-0123456789'
const newer = 'the-secret-of-this-year-0123456789'
const place = '/mcp'
const alice: Sealed = { label: 'session', owner: 'default/spiffe:spiffe://a/alice', text: 'id-1' }

/** Changes one character of a text into another one of base64url. */
function change(text: string, index: number): string {
  const other = text[index] === 'A' ? 'B' : 'A'
  return `${text.slice(0, index)}${other}${text.slice(index + 1)}`
}

describe('createSeals', () => {
  const seals = createSeals([older], place)

  it('D13 opens what it sealed, for the same owner and kind', () => {
    const sealed = seals.seal(alice)
    expect(sealed).toMatch(/^id-1\.[\w-]{8}\.[\w-]{43}$/)
    expect(seals.open({ ...alice, text: sealed })).toBe('id-1')
    expect(seals.seal(alice)).toBe(sealed)
  })

  it.each([
    { what: 'another owner', given: { owner: 'default/spiffe:spiffe://a/mallory' } },
    { what: 'another kind of id', given: { label: 'task' as const } },
    { what: 'a longer owner', given: { owner: `${alice.owner}"` } },
    { what: 'no owner', given: { owner: '' } },
  ])('D13 does not open for $what', ({ given }) => {
    expect(seals.open({ ...alice, ...given, text: seals.seal(alice) })).toBeUndefined()
  })

  it('D13 does not open what was changed, at any character', () => {
    const sealed = seals.seal(alice)
    for (let index = 0; index < sealed.length; index += 1) {
      const text = change(sealed, index)
      if (text === sealed) continue
      expect(seals.open({ ...alice, text }), text).toBeUndefined()
    }
  })

  it.each([
    ['nothing', ''],
    ['the bare id', 'id-1'],
    ['an id with dots', 'a.b.c'],
    ['no text', seals.seal(alice).slice('id-1'.length)],
    ['white space after it', `${seals.seal(alice)} `],
    ['a line feed after it', `${seals.seal(alice)}\n`],
    ['padding after it', `${seals.seal(alice)}=`],
    ['the seal of base64', seals.seal(alice).replaceAll('-', '+').replaceAll('_', '/').concat('/')],
    ['two seals', `${seals.seal(alice)}.${seals.seal(alice)}`],
    ['more than 4096 characters', `${'x'.repeat(4096)}.${seals.seal(alice)}`],
  ])('D13 does not open %s', (_, text) => {
    expect(seals.open({ ...alice, text })).toBeUndefined()
  })

  it('opens an id of 4096 characters, and none that is longer', () => {
    const room = 4096 - seals.seal({ ...alice, text: '' }).length
    for (const [length, opens] of [
      [room, true],
      [room + 1, false],
    ] as const) {
      const id = 'x'.repeat(length)
      const text = seals.seal({ ...alice, text: id })
      expect(seals.open({ ...alice, text })).toBe(opens ? id : undefined)
    }
  })

  it('opens any text it sealed, and nothing for two owners (property)', () => {
    const text = fc.string({ minLength: 1, maxLength: 200, unit: 'binary' })
    fc.assert(
      fc.property(text, fc.string(), fc.string(), (id, owner, other) => {
        const sealed = seals.seal({ label: 'session', owner, text: id })
        expect(seals.open({ label: 'session', owner, text: sealed })).toBe(id)
        if (owner === other) return
        expect(seals.open({ label: 'session', owner: other, text: sealed })).toBeUndefined()
      }),
    )
  })

  it('keeps owner and text apart, wherever one ends', () => {
    const split = seals.seal({ label: 'session', owner: 'a', text: 'b,c' })
    const [, id = '', mac = ''] = /\.([^.]+)\.([^.]+)$/.exec(split) ?? []
    const text = `c.${id}.${mac}`
    expect(seals.open({ label: 'session', owner: 'a,b', text })).toBeUndefined()
    expect(seals.open({ label: 'session', owner: 'a","b', text })).toBeUndefined()
  })
})

describe('secrets', () => {
  const open = (by: readonly string[] | undefined, at: string, text: string) =>
    createSeals(by, at).open({ ...alice, text })

  it.each([
    { what: 'the same secret', by: [older], at: place, opens: true },
    { what: 'the secret second in its list', by: [newer, older], at: place, opens: true },
    { what: 'another secret', by: [newer], at: place, opens: false },
    { what: 'the same secret at another place', by: [older], at: '/admin', opens: false },
    { what: 'a secret of its own', by: undefined, at: place, opens: false },
  ])('D13 a guard with $what opens: $opens', ({ by, at, opens }) => {
    const sealed = createSeals([older], place).seal(alice)
    expect(open(by, at, sealed)).toBe(opens ? 'id-1' : undefined)
  })

  it('seal with the first of a list', () => {
    const sealed = createSeals([newer, older], place).seal(alice)
    expect(open([newer], place, sealed)).toBe('id-1')
    expect(open([older], place, sealed)).toBeUndefined()
  })

  it('are random where none is given, and good for one guard alone', () => {
    const seals = createSeals(undefined, place)
    const sealed = seals.seal(alice)
    expect(seals.open({ ...alice, text: sealed })).toBe('id-1')
    expect(open(undefined, place, sealed)).toBeUndefined()
  })

  it('do not show in what is sealed', () => {
    const sealed = createSeals([older], place).seal(alice)
    expect(sealed).not.toContain('secret')
    expect(sealed).not.toContain(alice.owner)
  })
})
