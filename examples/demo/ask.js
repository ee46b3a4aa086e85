import { connect } from './clients.js'
import { expected, identities } from './expected.js'

const NOT_ALLOWED = -31403

const operations = {
  tool: {
    list: async (client) => (await client.listTools()).tools.map(({ name }) => name),
    call: (client, name) => client.callTool({ name, arguments: {} }),
  },
  prompt: {
    list: async (client) => (await client.listPrompts()).prompts.map(({ name }) => name),
    call: (client, name) => client.getPrompt({ name, arguments: {} }),
  },
  resource: {
    list: async (client) => (await client.listResources()).resources.map(({ uri }) => uri),
    call: (client, uri) => client.readResource({ uri }),
  },
}

/** Asks for everything as everybody, with one SDK of one server: a list of answers. */
export async function askAll({ sdk, url, clients }) {
  const answers = []
  for (const identity of Object.keys(identities)) {
    const connection = await connect(sdk, url, clients[identity])
    try {
      answers.push({ identity, ask: 'connect', got: connection.refusal === undefined })
      for (const row of expected) answers.push(...(await askOne(connection.client, identity, row)))
    } finally {
      await connection.close()
    }
  }
  return answers
}

async function askOne(client, identity, { kind, name }) {
  const { list, call } = operations[kind]
  const names = await orDenied(() => list(client))
  const result = await orDenied(() => call(client, name))
  const done = JSON.stringify(result ?? {}).includes(`${name}: done for default/spiffe:`)
  return [
    { identity, ask: 'listed', name, got: names?.includes(name) ?? false },
    { identity, ask: 'callable', name, got: done },
  ]
}

/** Undefined for a denial; every other failure is a failure of the demo. */
async function orDenied(run) {
  try {
    return await run()
  } catch (error) {
    if (error.code === NOT_ALLOWED) return undefined
    throw error
  }
}
