import { image, resource, text } from './content.js'

const user = (content) => ({ role: 'user', content })
const argument = (name) => ({ name, description: `The argument ${name}`, required: true })

/** The prompts the suite gets whatever the SDK. */
export const prompts = Object.freeze([
  define('test_simple_prompt', [], () => [user(text('This is a simple prompt for testing.'))]),
  define('test_prompt_with_arguments', ['arg1', 'arg2'], ({ arg1, arg2 }) => [
    user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  ]),
  define('test_prompt_with_embedded_resource', ['resourceUri'], ({ resourceUri }) => [
    user(resource(resourceUri, 'Embedded resource content for testing.')),
    user(text('Please process the embedded resource above.')),
  ]),
  define('test_prompt_with_image', [], () => [
    user(image),
    user(text('Please analyze the image above.')),
  ]),
])

/** The entry of `prompts/list`. */
export function listed({ name, description, arguments: names }) {
  return { name, description, arguments: names }
}

function define(name, names, messages) {
  return Object.freeze({
    name,
    description: `The suite's ${name}`,
    arguments: names.map(argument),
    get: (args) => ({ messages: messages(args) }),
  })
}
