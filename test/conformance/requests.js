import { listed as listedPrompt } from './prompts.js'
import { listed as listedResource, read, resources, resourceTemplates } from './resources.js'

/** What the server says it can do. */
export const capabilities = Object.freeze({
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  logging: {},
  completions: {},
})

/** The answers that depend on nothing but the parameters, by method; `context` is the SDK's own. */
export function createAnswers(prompts) {
  return Object.freeze({
    'prompts/list': () => ({ prompts: prompts.map(listedPrompt) }),
    'prompts/get': ({ name, arguments: args = {} }, context) => {
      const prompt = prompts.find((candidate) => candidate.name === name)
      if (prompt === undefined) throw Object.assign(new Error('Prompt not found'), { code: -32602 })
      return prompt.get(args, context)
    },
    'resources/list': () => ({ resources: resources.map(listedResource) }),
    'resources/templates/list': () => ({ resourceTemplates }),
    'resources/read': ({ uri }) => read(uri),
    'resources/subscribe': () => ({}),
    'resources/unsubscribe': () => ({}),
    'completion/complete': () => ({
      completion: { values: ['testing'], total: 1, hasMore: false },
    }),
  })
}
