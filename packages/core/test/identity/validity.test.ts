import { describe, expect, it } from 'vitest'
import { verifyValidity } from '../../src/identity/validity.js'

const notBefore = Date.parse('2026-01-02T03:04:05Z')
const notAfter = Date.parse('2026-02-03T04:05:06Z')

describe('verifyValidity', () => {
  it.each([notBefore, notBefore + 1, notAfter - 1, notAfter])('A22 accepts %i', (now) => {
    expect(() => verifyValidity({ notBefore, notAfter }, now)).not.toThrow()
  })

  it.each([
    [notBefore - 1, 'not-yet-valid', 'certificate is not valid before 2026-01-02T03:04:05.000Z'],
    [
      Number.NEGATIVE_INFINITY,
      'not-yet-valid',
      'certificate is not valid before 2026-01-02T03:04:05.000Z',
    ],
    [notAfter + 1, 'expired', 'certificate was valid until 2026-02-03T04:05:06.000Z'],
    [Number.NaN, 'expired', 'certificate was valid until 2026-02-03T04:05:06.000Z'],
  ])('A22 refuses %d and says which bound it passed', (now, reason, message) => {
    expect(() => verifyValidity({ notBefore, notAfter }, now)).toThrow(
      expect.objectContaining({ reason, message }),
    )
  })
})
