import { connect } from './clients.js'

const NOT_AUTHENTICATED = -31401
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

/** Asks for everything as everybody of a scenario, with one SDK of one server: a list of answers. */
export async function askAll({ callers, rows }, { sdk, url, credentials }) {
  const answers = []
  for (const caller of callers) {
    const connection = await connect(sdk, url, credentials[caller])
    try {
      answers.push({ caller, ask: 'connect', got: connection.refusal === undefined })
      for (const row of rows) answers.push(...(await askOne(connection.client, caller, row)))
    } finally {
      await connection.close()
    }
  }
  return answers
}

async function askOne(client, caller, { kind, name }) {
  const { list, call } = operations[kind]
  const names = await orDenied(() => list(client))
  const result = await orDenied(() => call(client, name))
  const done = JSON.stringify(result ?? {}).includes(`${name}: done for default/spiffe:`)
  return [
    { caller, ask: 'listed', name, got: names?.includes(name) ?? false },
    { caller, ask: 'callable', name, got: done },
  ]
}

/** Undefined for a denial; every other failure is a failure of the demo. */
async function orDenied(run) {
  try {
    return await run()
  } catch (error) {
    if (error.code === NOT_ALLOWED || error.code === NOT_AUTHENTICATED) return undefined
    throw error
  }
}
