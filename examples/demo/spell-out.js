import { connect } from './clients.js'

/** One call with the real answer, and the audit event the guard wrote about it. */
export async function spellOut({ sdk, server, credentials, tool }) {
  const connection = await connect(sdk, server.url, credentials)
  try {
    return { answer: await answerOf(connection.client, tool), event: lastEvent(server.log, tool) }
  } finally {
    await connection.close()
  }
}

async function answerOf(client, name) {
  try {
    const { content } = await client.callTool({ name, arguments: {} })
    return content[0].text
  } catch (error) {
    return `${error.name}, code ${error.code}: ${error.message}`
  }
}

function lastEvent(log, tool) {
  return log.findLast(({ audit }) => audit?.operation?.name === tool)?.audit
}
