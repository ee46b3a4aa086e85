import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { run } from './programs.js'

const soak = fileURLToPath(new URL('../../scripts/soak.js', import.meta.url))

it('A22 A26 A27 rotates leaf, CAs and CRLs under load: nothing fails that should succeed, nothing succeeds that should fail', async () => {
  const { code, stdout, stderr } = await run(process.execPath, [soak, '--rotations', '10'])
  expect(stderr).toBe('')
  expect(stdout).toMatch(/^ok +rotation under load: 10 \(2 broken\)/)
  expect(code).toBe(0)
}, 120_000)
