import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../src/errors.js'
import { parseMethodName } from '../../src/policy/method-name.js'
import { expectLinearTime } from '../linear-time.js'

function problemOf(text: string): string {
  try {
    parseMethodName(text)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
  return 'none'
}

const byRole = 'is open to every role: remove it'
const byTools = 'is governed by "tools": write the names of the tools there'
const byPrompts = 'is governed by "prompts": write the names of the prompts there'
const byResources = 'is governed by "resources": write the URIs there'
const byBoth = 'is governed by "prompts" and "resources": write there what may be completed'
const byOwner = 'is governed by who owns the task, which no role changes: remove it'
const byServer = 'is sent by a server to its clients, never by a client: remove it'

describe('parseMethodName', () => {
  it.each([
    'skills/list',
    'skills/get',
    'resources/directory/read',
    'tools/describe',
    'notifications/acme/changed',
    'ping2',
    'mytasks/get',
    'acme.search',
    'acme:search/v1.2',
    '$/progress',
    'a_b-c',
  ])('takes %s, which is that one name', (text) => {
    const pattern = parseMethodName(text)
    expect(pattern).toMatchObject({ text, exact: true })
    expect(pattern.matches(text)).toBe(true)
    expect(pattern.matches(`${text}2`)).toBe(false)
    expect(pattern.matches(text.toUpperCase())).toBe(false)
  })

  it.each([
    ['initialize', byRole],
    ['server/discover', byRole],
    ['ping', byRole],
    ['logging/setLevel', byRole],
    ['tools/list', byRole],
    ['prompts/list', byRole],
    ['resources/list', byRole],
    ['resources/templates/list', byRole],
    ['notifications/initialized', byRole],
    ['notifications/cancelled', byRole],
    ['notifications/progress', byRole],
    ['notifications/roots/list_changed', byRole],
    ['tools/call', byTools],
    ['prompts/get', byPrompts],
    ['resources/read', byResources],
    ['resources/subscribe', byResources],
    ['resources/unsubscribe', byResources],
    ['subscriptions/listen', byResources],
    ['completion/complete', byBoth],
    ['tasks/get', byOwner],
    ['tasks/result', byOwner],
    ['tasks/cancel', byOwner],
    ['tasks/list', byOwner],
    ['tasks/update', byOwner],
    ['tasks/of-a-later-revision', byOwner],
    ['notifications/tasks/status', byOwner],
    ['sampling/createMessage', byServer],
    ['elicitation/create', byServer],
    ['roots/list', byServer],
    ['notifications/message', byServer],
    ['notifications/resources/updated', byServer],
    ['notifications/resources/list_changed', byServer],
    ['notifications/tools/list_changed', byServer],
    ['notifications/prompts/list_changed', byServer],
    ['notifications/elicitation/complete', byServer],
    ['notifications/subscriptions/acknowledged', byServer],
  ])("D05 refuses MCP's own %s in any case, and says what governs it", (text, advice) => {
    for (const spelling of [text, text.toUpperCase(), text.toLowerCase()]) {
      expect(problemOf(spelling)).toBe(`${JSON.stringify(spelling)} ${advice}`)
    }
  })

  it.each(['*', 'skills/*', '*/list', 'skills/**', 'tasks/*'])('refuses the pattern %s', (text) => {
    expect(problemOf(text)).toBe(
      `${JSON.stringify(text)} has a wildcard, but methods are compared exactly: write each name`,
    )
  })

  it.each([
    ' skills/list',
    'skills/list ',
    'skills/list\u0000',
    'skills/list\n',
    'skills list',
    'skills//list',
    '/skills/list',
    'skills/',
    'skills/../tools/call',
    'skills/./list',
    'skills\\list',
    'skills/list?x',
    'skills%2Flist',
    'https://h.test/skills',
    '__proto__',
    '_list',
    '2fast',
    'caf\u00e9/list',
    'tool\u017f/call',
    'rpc.discover',
    'RPC.discover',
  ])('D05 refuses %j, which is no name of a method', (text) => {
    expect(problemOf(text)).toBe(
      `${JSON.stringify(text)} is no name of a JSON-RPC method: write it as in "skills/list"`,
    )
  })

  it('refuses an empty name and one that is too long', () => {
    expect(problemOf('')).toBe('is empty: write a pattern, or remove the entry')
    expect(problemOf('a'.repeat(2049))).toMatch(/^is longer than 2048 characters/)
    expect(problemOf('a'.repeat(2048))).toBe('none')
  })

  it('decides on a hostile name in linear time', () => {
    const create = (size: number) => `${'a/'.repeat(size)}!`
    expectLinearTime({ size: 1000, create, run: problemOf })
  })
})
