import { setTimeout as wait } from 'node:timers/promises'
import { audio, embedded, image, text } from './content.js'
import { jsonSchemaTool } from './json-schema-tool.js'
import { everyDefault, everyEnum, person } from './questions.js'

const nothing = { type: 'object', properties: {} }

/**
 * The tools the suite calls whatever the SDK. `run` gets the arguments and the client of the
 * request: log, progress, sample, elicit, closeStream.
 */
export const tools = Object.freeze([
  define('test_simple_text', () => [text('This is a simple text response for testing.')]),
  define('test_image_content', () => [image]),
  define('test_audio_content', () => [audio]),
  define('test_embedded_resource', () => [embedded]),
  define('test_multiple_content_types', () => [text('Text, image and resource:'), image, embedded]),
  define('test_tool_with_logging', logSteps),
  define('test_tool_with_progress', reportProgress),
  define('test_reconnection', answerOnAnotherStream),
  define('test_sampling', sample, stringArgument('prompt')),
  define('test_elicitation', elicit, stringArgument('message')),
  define('test_elicitation_sep1034_defaults', (_args, client) => complete(client, everyDefault)),
  define('test_elicitation_sep1330_enums', (_args, client) => complete(client, everyEnum)),
  define('json_schema_2020_12_tool', ({ name }) => [text(`Hello, ${name}`)], jsonSchemaTool),
  Object.freeze({
    name: 'test_error_handling',
    description: 'Always fails',
    inputSchema: nothing,
    run: async () => ({
      isError: true,
      content: [text('This tool intentionally returns an error for testing')],
    }),
  }),
])

function define(name, answer, inputSchema = nothing) {
  const run = async (args, client) => ({ content: await answer(args, client) })
  return Object.freeze({ name, description: `The suite's ${name}`, inputSchema, run })
}

function stringArgument(name) {
  return { type: 'object', properties: { [name]: { type: 'string' } }, required: [name] }
}

async function logSteps(_args, client) {
  await client.log('Tool execution started')
  await wait(50)
  await client.log('Tool processing data')
  await wait(50)
  await client.log('Tool execution completed')
  return [text('Logged')]
}

async function reportProgress(_args, client) {
  await client.progress(0)
  await wait(50)
  await client.progress(50)
  await wait(50)
  await client.progress(100)
  return [text('Done')]
}

async function answerOnAnotherStream(_args, client) {
  client.closeStream()
  await wait(100)
  return [text('Sent after the stream was closed')]
}

async function sample({ prompt }, client) {
  const messages = [{ role: 'user', content: text(prompt) }]
  const answer = await client.sample({ messages, maxTokens: 100 })
  return [text(`LLM response: ${JSON.stringify(answer.content)}`)]
}

async function elicit({ message }, client) {
  const answer = await client.elicit({ message, requestedSchema: person })
  return [text(`User response: ${answer.action}, ${JSON.stringify(answer.content)}`)]
}

async function complete(client, requestedSchema) {
  const answer = await client.elicit({ message: 'Please fill in the form', requestedSchema })
  const content = JSON.stringify(answer.content)
  return [text(`Elicitation completed: action=${answer.action}, content=${content}`)]
}
