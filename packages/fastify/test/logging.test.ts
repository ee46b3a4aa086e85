import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { mcpMtls } from '../src/index.js'
import { createStage, toRunning } from './stage.js'

const stage = createStage()

const program = `
import { mcpMtls, tlsFromFiles } from '@mcp-mtls/fastify'
import Fastify from 'fastify'
const [cert, key, ca, policy] = process.argv.slice(1)
const tls = await tlsFromFiles({ cert, key, ca })
const app = Fastify({ serverFactory: tls.createServer })
app.register(mcpMtls, { tls, policy })
app.post('/mcp', () => ({}))
await app.listen({ port: 0, host: 'localhost' })
console.log(app.server.address().port)
process.stdin.resume().once('end', () => app.close())
`

describe('without a logger of the application', () => {
  it('startup line and events are JSON lines on standard error', async () => {
    const { cert, key, ca } = stage.certificates.files
    const args = ['--input-type=module', '-e', program, '--', cert, key, ca, stage.policy]
    const cwd = fileURLToPath(new URL('..', import.meta.url))
    const child = spawn(process.execPath, args, { cwd })
    onTestFinished(() => void child.kill())
    let errors = ''
    child.stderr.on('data', (chunk) => {
      errors += String(chunk)
    })
    const [port] = await once(child.stdout, 'data')
    const running = toRunning(Number(String(port)), stage.certificates)
    await running.send('/mcp')
    await running.send('/mcp', {}, 'stranger')
    child.stdin.end()
    expect(await once(child, 'close')).toEqual([0, null])
    const lines = errors
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toMatchObject([
      { level: 'info', msg: expect.stringContaining('mcp-mtls guards /mcp') },
      { level: 'info', audit: { effect: 'allow', operation: { name: 'search' } } },
      { level: 'warn', audit: { effect: 'deny', reason: 'no-role' } },
    ])
  })
})

describe('with a logger of the application', () => {
  it('startup line and events go there', async () => {
    const lines: { level: number; msg: string }[] = []
    const stream = { write: (line: string) => void lines.push(JSON.parse(line)) }
    const draft = await stage.draft({ logger: { stream } })
    const { tls, policy } = draft.options
    draft.app.register(mcpMtls, { policy, ...(tls && { tls }) })
    draft.app.post('/mcp', draft.handler)
    const running = await draft.listen()
    await running.send('/mcp', {}, 'stranger')
    expect(lines.find(({ msg }) => msg.startsWith('mcp-mtls guards /mcp'))?.level).toBe(30)
    expect(lines.find(({ msg }) => msg.startsWith('mcp-mtls deny'))?.level).toBe(40)
  })
})
