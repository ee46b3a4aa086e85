import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type McpMtlsOptions, mcpMtls } from '../src/index.js'
import { silent } from './stage.js'

describe('ready', () => {
  it('rejects where the policy cannot be used', async () => {
    const mcp = mcpMtls({ policy: 'no-such-policy.yaml', logger: silent })
    await expect(mcp.ready()).rejects.toMatchObject({ code: 'ERR_MTLS_POLICY' })
  })

  it('a wrong option throws at once', () => {
    const options = { policy: 'policy.yaml', polcy: 'x' } as McpMtlsOptions
    expect(() => mcpMtls(options)).toThrow('unknown option `polcy`')
  })
})

describe('a policy that cannot be used', () => {
  it('ends a process that waits neither for ready nor for verify', async () => {
    const program = `
      import { mcpMtls } from '@mcp-mtls/express'
      mcpMtls({ policy: 'no-such-policy.yaml' })
      setTimeout(() => console.log('still alive'), 60_000)
    `
    const cwd = fileURLToPath(new URL('..', import.meta.url))
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { cwd })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += String(chunk)
      })
    }
    expect(await once(child, 'close')).toEqual([1, null])
    expect(output).toContain('no-such-policy.yaml')
    expect(output).not.toContain('still alive')
  })
})
