import { compareServers } from '../compare.js'

/** A call of the one tool, and what its answer has to hold. */
export const echo = toMessage('tools/call', { name: 'echo', arguments: { text: 'hello, world' } })
const list = toMessage('tools/list', {})

function toMessage(method, params) {
  return { body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }) }
}

export function expectEcho(answer) {
  if (!answer.includes('hello, world')) throw new Error(`not the answer of the tool: ${answer}`)
}

function expectList(answer, name) {
  const tools = answer.split('"inputSchema"').length - 1
  if (tools !== (name === 'left' ? 100 : 1000)) throw new Error(`a list of ${tools} tools`)
}

/** Requests a second with the guard and without, for each stack. */
export async function* guardedEcho(bench) {
  for (const [stack, name] of [
    ['node', 'plain Node'],
    ['fastify', 'Fastify'],
    ['express', 'Express'],
  ]) {
    const compared = await compareServers(bench, {
      left: { stack, guarded: true },
      right: { stack, guarded: false },
      message: echo,
      expect: expectEcho,
    })
    yield toRow(`certificate + RBAC, ${name}`, compared, { least: 0.95 })
  }
}

/** A list of a thousand tools of which the caller may see a hundred. */
export async function* filteredList(bench) {
  const compared = await compareServers(bench, {
    left: { stack: 'node', work: 'list', guarded: true },
    right: { stack: 'node', work: 'list', guarded: false },
    message: list,
    expect: expectList,
  })
  yield toRow('tools/list, 1,000 tools to 100', compared, { least: 0.85 })
}

/** What else is worth knowing; no targets. */
export async function* serverContext(bench) {
  const guarded = { stack: 'node', guarded: true }
  const rows = [
    ['with a sealed session, to without', { ...guarded, extra: 'session' }, guarded, echo],
    ['default logger, to a sink that counts', { ...guarded, audit: 'default' }, guarded, echo],
    ['MCP SDK v2 server, guarded to not', { stack: 'sdk', guarded: true }, { stack: 'sdk' }, echo],
    [
      'Express, to client-certificate-auth',
      { stack: 'express', guarded: true },
      { stack: 'client-certificate-auth' },
      echo,
    ],
  ]
  for (const [name, left, right, message] of rows) {
    yield toRow(name, await compareServers(bench, { left, right, message, expect: expectEcho }))
  }
}

/** One row of two servers that were compared. */
export function toRow(name, { ratio, cpuRatio, left, right }, target = {}) {
  return {
    name,
    figure: `${perSecond(left)} to ${perSecond(right)} requests/s`,
    ratio,
    cpuRatio,
    extra: `${(left.cpu - right.cpu).toFixed(1)} µs of processor more a request`,
    ...target,
  }
}

function perSecond({ rate }) {
  return Math.round(rate).toLocaleString('en')
}
