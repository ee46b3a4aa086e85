import { once } from 'node:events'
import { Agent, createServer, IncomingMessage, request, ServerResponse } from 'node:http'
import { type AddressInfo, connect, Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createHealth } from '../../src/guard/health.js'

async function get(port: number, path: string, method = 'GET') {
  const outgoing = request({ host: '127.0.0.1', port, path, method, agent: false }).end()
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  let body = ''
  for await (const chunk of response.setEncoding('utf8')) body += chunk
  return { status: response.statusCode, allow: response.headers.allow, body }
}

async function open(problems: () => readonly string[]) {
  const health = createHealth(problems)
  const server = await health.listen({ address: () => null }, { port: 0 })
  onTestFinished(() => health.close())
  return { health, server, port: (server.address() as AddressInfo).port }
}

describe('the health listener', () => {
  it('answers /health, and /ready as things are', async () => {
    const problems: string[] = []
    const { port } = await open(() => problems)
    expect(await get(port, '/health')).toMatchObject({ status: 200, body: '{"status":"ok"}' })
    expect(await get(port, '/ready?x=1')).toMatchObject({ status: 200, body: '{"status":"ready"}' })
    problems.push('no policy is loaded')
    expect(await get(port, '/health')).toMatchObject({ status: 200 })
    expect(await get(port, '/ready')).toMatchObject({
      status: 503,
      body: '{"status":"not ready","problems":["no policy is loaded"]}',
    })
  })

  it('answers HEAD without a body, and no other method and path', async () => {
    const { port } = await open(() => [])
    expect(await get(port, '/health', 'HEAD')).toMatchObject({ status: 200, body: '' })
    expect(await get(port, '/health', 'POST')).toMatchObject({ status: 405, allow: 'GET, HEAD' })
    for (const path of ['/', '/mcp', '/health/', '/healthz', '/ready/../mcp']) {
      expect(await get(port, path)).toMatchObject({ status: 404, body: '' })
    }
  })

  it('D30 keeps no connection open, and ends one that says nothing', async () => {
    const { port } = await open(() => [])
    const agent = new Agent({ keepAlive: true })
    onTestFinished(() => agent.destroy())
    const outgoing = request({ host: '127.0.0.1', port, path: '/health', agent }).end()
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
    expect(response.resume().headers.connection).toBe('close')
    const silent = connect(port, '127.0.0.1').resume()
    onTestFinished(() => void silent.destroy())
    await once(silent, 'close')
  })

  it('listens on loopback, a thousand ports above the server it stands beside', async () => {
    const beside = createServer().listen(0, '127.0.0.1')
    await once(beside, 'listening')
    onTestFinished(() => void beside.close())
    const { port } = beside.address() as AddressInfo
    const health = createHealth(() => [])
    onTestFinished(() => health.close())
    // A port so high that there is none a thousand above it cannot be had.
    if (port > 64_000) return
    const server = await health.listen(beside)
    expect(server.address()).toMatchObject({ address: '127.0.0.1', port: port + 1000 })
  })

  it('says what to do where it has no port, or cannot have it', async () => {
    const { health, port } = await open(() => [])
    const nowhere = { address: () => null }
    await expect(health.listen(nowhere)).rejects.toThrow('call it after listen()')
    await expect(health.listen(nowhere, { port })).rejects.toThrow('give another `port`')
  })

  it('leaves other requests to the application, and ends when it is closed', async () => {
    const { health, server } = await open(() => [])
    const req = Object.assign(new IncomingMessage(new Socket()), { url: '/mcp', method: 'GET' })
    expect(health.serve(req, new ServerResponse(req))).toBe(false)
    health.close()
    expect(server.listening).toBe(false)
  })
})
