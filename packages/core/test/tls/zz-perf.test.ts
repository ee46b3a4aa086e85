import { createCertificateAuthority } from '@mcp-mtls/authority'
import { randomBytes } from 'node:crypto'
import { it } from 'vitest'
import { parseCrlFile } from '../../src/tls/crl-file.js'
import { buildCrl, entry } from './crl-builder.js'
it('perf', async () => {
  const ca = await createCertificateAuthority()
  const one = entry('40'.repeat(16)); const at = one.indexOf(Buffer.from('40'.repeat(16), 'hex'))
  const n = 430_000
  const all = Buffer.alloc(n * one.length)
  for (let i = 0; i < n; i++) { one.copy(all, i * one.length); randomBytes(15).copy(all, i * one.length + at + 1) }
  const crl = buildCrl(ca, { entries: [all] })
  let t = performance.now()
  const [p] = parseCrlFile(crl, 'x'); console.log(crl.length, p!.revoked.size, 'der ms', performance.now() - t)
})
