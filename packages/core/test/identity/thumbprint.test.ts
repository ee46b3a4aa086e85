import { expect, it } from 'vitest'
import { thumbprint } from '../../src/identity/thumbprint.js'

it('is the unpadded base64url SHA-256 of the bytes', () => {
  // SHA-256 of "abc" (FIPS 180-4), re-coded.
  expect(thumbprint(new TextEncoder().encode('abc'))).toBe(
    'ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0',
  )
})
