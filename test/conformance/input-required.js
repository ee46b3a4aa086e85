import { randomBytes } from 'node:crypto'
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  inputRequired,
  inputResponse,
} from '@modelcontextprotocol/server'
import { text } from './content.js'
import { form } from './questions.js'

const nothing = form({})
const codec = createRequestStateCodec({ key: randomBytes(32) })

/** Refuses a `requestState` that this process did not mint. */
export const requestState = Object.freeze({ verify: codec.verify })

const ask = (message, field, type = 'string') =>
  inputRequired.elicit({ message, requestedSchema: form({ [field]: { type } }, [field]) })
const sampling = (question, maxTokens) =>
  inputRequired.createMessage({
    messages: [{ role: 'user', content: text(question) }],
    maxTokens,
  })
const capital = () => sampling('What is the capital of France?', 100)
const answer = (value) => ({ content: [text(value)] })

/** The tools that only 2026-07-28 can serve: those that ask back, and those that announce a change. */
export function createModernTools(notify) {
  return [
    define('test_input_required_result_elicitation', greet),
    define('test_input_required_result_sampling', askForCapital),
    define('test_input_required_result_list_roots', askForRoots),
    define('test_input_required_result_request_state', confirm),
    define('test_input_required_result_tampered_state', confirm),
    define('test_input_required_result_multiple_inputs', askForAll),
    define('test_input_required_result_multi_round', askTwice),
    define('test_input_required_result_capabilities', askWithinCapabilities),
    define('test_missing_capability', askForCapital),
    define('test_streaming_elicitation', greet),
    define('test_logging_tool', async (_args, { mcpReq }) => {
      await mcpReq.log('info', 'Only for those who asked for logs')
      return answer('Logged')
    }),
    define('test_trigger_tool_change', () => {
      notify.toolsChanged()
      return answer('Announced')
    }),
    define('test_trigger_prompt_change', () => {
      notify.promptsChanged()
      return answer('Announced')
    }),
    define(
      'test_custom_header',
      ({ region }) => answer(region),
      form({ region: { type: 'string', 'x-mcp-header': 'Region' } }),
    ),
  ]
}

/** `prompts/get` may ask back too. */
export const modernPrompts = Object.freeze([
  {
    name: 'test_input_required_result_prompt',
    description: 'Asks for its context',
    arguments: [],
    get: (_args, { mcpReq }) => {
      const given = acceptedContent(mcpReq.inputResponses, 'user_context')
      if (given === undefined) {
        const user_context = ask('What context should the prompt use?', 'context')
        return inputRequired({ inputRequests: { user_context } })
      }
      return { messages: [{ role: 'user', content: text(`In the context: ${given.context}`) }] }
    },
  },
])

function define(name, run, inputSchema = nothing) {
  return { name, description: `The suite's ${name}`, inputSchema, run }
}

function greet(_args, { mcpReq }) {
  const name = acceptedContent(mcpReq.inputResponses, 'user_name')?.name
  if (typeof name === 'string') return answer(`Hello, ${name}!`)
  return inputRequired({ inputRequests: { user_name: ask('What is your name?', 'name') } })
}

function askForCapital(_args, { mcpReq }) {
  const given = inputResponse(mcpReq.inputResponses, 'capital_question')
  if (given.kind === 'sampling') return answer(JSON.stringify(given.result.content))
  return inputRequired({ inputRequests: { capital_question: capital() } })
}

function askForRoots(_args, { mcpReq }) {
  const given = inputResponse(mcpReq.inputResponses, 'client_roots')
  if (given.kind === 'roots') return answer(given.roots.map(({ uri }) => uri).join(', '))
  return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } })
}

async function confirm(_args, { mcpReq }) {
  const given = acceptedContent(mcpReq.inputResponses, 'confirm')
  if (mcpReq.requestState()?.step === 'confirm' && given !== undefined) return answer('state-ok')
  return inputRequired({
    inputRequests: { confirm: ask('Please confirm', 'ok', 'boolean') },
    requestState: await codec.mint({ step: 'confirm' }),
  })
}

async function askForAll(_args, { mcpReq }) {
  const inputRequests = {
    user_name: ask('What is your name?', 'name'),
    greeting: sampling('Generate a greeting', 50),
    client_roots: inputRequired.listRoots(),
  }
  const kinds = Object.keys(inputRequests).map(
    (key) => inputResponse(mcpReq.inputResponses, key).kind,
  )
  if (mcpReq.requestState()?.step === 'all' && !kinds.includes('missing')) return answer('Complete')
  return inputRequired({ inputRequests, requestState: await codec.mint({ step: 'all' }) })
}

async function askTwice(_args, { mcpReq }) {
  const { step, name } = mcpReq.requestState() ?? {}
  const first = acceptedContent(mcpReq.inputResponses, 'step1')
  const second = acceptedContent(mcpReq.inputResponses, 'step2')
  if (step === 2 && second !== undefined) return answer(`${name} likes ${second.color}`)
  if (step === 1 && first !== undefined) {
    return inputRequired({
      inputRequests: { step2: ask('Step 2: What is your favorite color?', 'color') },
      requestState: await codec.mint({ step: 2, name: first.name }),
    })
  }
  return inputRequired({
    inputRequests: { step1: ask('Step 1: What is your name?', 'name') },
    requestState: await codec.mint({ step: 1 }),
  })
}

function askWithinCapabilities(_args, { mcpReq }) {
  const declared = mcpReq.envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? {}
  const possible = {
    elicitation: { user_name: ask('What is your name?', 'name') },
    sampling: { capital_question: capital() },
    roots: { client_roots: inputRequired.listRoots() },
  }
  const supported = Object.keys(possible).filter((kind) => Object.hasOwn(declared, kind))
  if (supported.length === 0) return answer('The client can be asked nothing')
  const inputRequests = Object.assign({}, ...supported.map((kind) => possible[kind]))
  return inputRequired({ inputRequests })
}
