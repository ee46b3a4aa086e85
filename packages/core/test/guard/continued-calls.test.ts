import { describe, expect, it } from 'vitest'
import { definePolicy } from '../../src/policy/define.js'
import { openScene, type Scene, send, spiffeId } from './stage.js'

const version = '2026-07-28'
const state = 'of.the.server\u2028 "AAA=" <\ud83d\ude00>'
const question = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  result: {
    resultType: 'input_required',
    requestState: state,
    inputRequests: { go: { method: 'elicitation/create', params: { message: 'Sure?' } } },
  },
})
const answers = { go: { action: 'accept', content: { sure: true } } }

interface Asked {
  readonly method?: string
  readonly target?: object
  readonly continued?: object
}

/** A call as a modern client repeats it: a new id, the same target, and what the server asked for. */
function ask(scene: Scene, { method = 'tools/call', target = { name: 'search' }, ...rest }: Asked) {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': version,
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const [name] = Object.values(target)
  const params = { ...target, ...rest.continued, _meta }
  const body = { jsonrpc: '2.0', id: 2, method, params }
  const headers = {
    'mcp-protocol-version': version,
    'mcp-method': method,
    'mcp-name': String(name),
  }
  return send(scene, { body, headers })
}

const continuations = [
  ['its state', { requestState: state }],
  ['its answers', { inputResponses: answers }],
  ['both', { requestState: state, inputResponses: answers }],
] as const

describe('a call that is continued (MRTR)', () => {
  it('D16 the state of the server reaches the client and comes back byte for byte', async () => {
    const scene = await openScene({ answer: question })
    const first = await ask(scene, {})
    expect(first.text).toBe(question)
    const continued = { requestState: state, inputResponses: answers }
    expect(await ask(scene, { continued })).toMatchObject({ status: 200, text: question })
    expect(scene.reached).toHaveLength(2)
    expect(scene.reached[1]).toMatchObject({ params: { name: 'search', ...continued } })
  })

  it.each(continuations)(
    'D16 is denied with %s where it names another tool',
    async (_, continued) => {
      const scene = await openScene({ answer: question })
      expect((await ask(scene, {})).text).toBe(question)
      for (const name of ['purge', 'deploy', 'Search']) {
        const { json } = await ask(scene, { target: { name }, continued })
        expect(json).toMatchObject({ id: 2, error: { code: -31403 } })
      }
      expect(scene.reached).toHaveLength(1)
      expect(scene.events.slice(-3)).toMatchObject([
        { effect: 'deny', operation: { name: 'purge' } },
        { effect: 'deny', operation: { name: 'deploy' } },
        { effect: 'deny', operation: { name: 'Search' } },
      ])
    },
  )

  it.each([
    ['prompts/get', { name: 'search' }],
    ['resources/read', { uri: 'search' }],
  ])('D16 is denied as %s of what is allowed as a tool', async (method, target) => {
    const scene = await openScene()
    const continued = { requestState: state, inputResponses: answers }
    expect((await ask(scene, { method, target, continued })).json).toMatchObject({
      error: { code: -31403 },
    })
    expect(scene.reached).toEqual([])
  })

  it.each(continuations)(
    'D16 is denied with %s under a policy that no longer allows it',
    async (_, continued) => {
      const roles = { reader: { tools: ['other'] } }
      const assignments = [{ spiffe: spiffeId, roles: ['reader'] as const }]
      const scene = await openScene({ policy: definePolicy({ version: 1, roles, assignments }) })
      expect((await ask(scene, { continued })).json).toMatchObject({ error: { code: -31403 } })
      expect(scene.reached).toEqual([])
    },
  )

  it('D16 is put before the second opinion anew, with what it asks for now', async () => {
    const asked: unknown[] = []
    const authorize = ({ operation }: { operation: unknown }) => asked.push(operation) === 1
    const scene = await openScene({ authorize })
    expect((await ask(scene, {})).json).toMatchObject({ result: {} })
    const target = { name: 'search', arguments: { query: 'changed' } }
    const continued = { requestState: state, inputResponses: answers }
    expect((await ask(scene, { target, continued })).json).toMatchObject({
      error: { code: -31403 },
    })
    expect(asked).toMatchObject([{ name: 'search' }, { args: { query: 'changed' } }])
    expect(scene.reached).toHaveLength(1)
  })
})
