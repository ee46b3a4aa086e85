const string = (description) => ({ type: 'string', description })
const titled = [
  { const: 'value1', title: 'First' },
  { const: 'value2', title: 'Second' },
  { const: 'value3', title: 'Third' },
]
const options = ['option1', 'option2', 'option3']

/** The form of `test_elicitation`. */
export const person = form({ username: string("User's response"), email: string("User's email") }, [
  'username',
  'email',
])

/** A default for every primitive type (SEP-1034). */
export const everyDefault = form({
  name: { type: 'string', default: 'John Doe' },
  age: { type: 'integer', default: 30 },
  score: { type: 'number', default: 95.5 },
  status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
  verified: { type: 'boolean', default: true },
})

/** The five ways to write an enumeration (SEP-1330). */
export const everyEnum = form({
  untitledSingle: { type: 'string', enum: options },
  titledSingle: { type: 'string', oneOf: titled },
  legacyEnum: { type: 'string', enum: ['opt1', 'opt2'], enumNames: ['Option One', 'Option Two'] },
  untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
  titledMulti: { type: 'array', items: { anyOf: titled } },
})

export function form(properties, required = []) {
  return Object.freeze({ type: 'object', properties, required })
}
