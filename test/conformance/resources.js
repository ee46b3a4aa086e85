import { png } from './content.js'

const template = /^test:\/\/template\/(?<id>[^/]+)\/data$/

export const resources = Object.freeze([
  entry('test://static-text', 'text/plain', {
    text: 'This is the content of the static text resource.',
  }),
  entry('test://static-binary', 'image/png', { blob: png }),
  entry('test://watched-resource', 'text/plain', { text: 'Watched' }),
])

export const resourceTemplates = Object.freeze([
  {
    uriTemplate: 'test://template/{id}/data',
    name: 'template',
    description: 'Data by id',
    mimeType: 'application/json',
  },
])

/** The entry of `resources/list`. */
export function listed({ uri, mimeType }) {
  return { uri, name: uri.slice('test://'.length), description: `The suite's ${uri}`, mimeType }
}

/** The answer to `resources/read`. @throws {Error} -32602 with the URI, as SEP-2164 asks */
export function read(uri) {
  const found = resources.find((resource) => resource.uri === uri) ?? expand(uri)
  if (found !== undefined) return { contents: [found] }
  throw Object.assign(new Error('Resource not found'), { code: -32602, data: { uri } })
}

function entry(uri, mimeType, content) {
  return Object.freeze({ uri, mimeType, ...content })
}

function expand(uri) {
  const id = template.exec(uri)?.groups?.id
  if (id === undefined) return undefined
  const text = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` })
  return { uri, mimeType: 'application/json', text }
}
