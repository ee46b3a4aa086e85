import { readJson } from './json-reader.js'
import { mutateText } from './mutate-text.js'

/** Letters of the keys that decide. */
const spelt = [...'_aemnort']

/**
 * Changes the structure of a JSON text and writes it anew, so that it stays JSON: entries doubled with
 * another value, keys spelt otherwise, parts left out, exchanged or taken from another sample. What is no
 * JSON is changed as text.
 */
export function mutateJson(bytes, random, { others, dictionary, keys }) {
  const value = readJson(bytes.toString('utf8'))
  const holders = value === undefined ? [] : holdersIn(value)
  if (holders.length === 0) return mutateText(bytes, random, { others, dictionary })
  const donor = readJson(random.pick(others).toString('utf8'))
  random.pick(mutations)(random.pick(holders), { random, donor: donor ?? value, keys })
  return Buffer.from(write(value, random))
}

const mutations = [doubleEntry, addEntry, respell, drop, exchange, replaceValue]

/** The objects and arrays that hold something, as the lists of what they hold. */
function holdersIn(value) {
  return partsOf(value)
    .map(({ entries, items }) => entries ?? items ?? [])
    .filter((held) => held.length > 0)
}

function doubleEntry(held, { random, donor }) {
  const one = random.pick(held)
  const value = random.pick(partsOf(donor))
  const twin = 'key' in one ? { key: one.key, value } : one
  held.splice(random.below(held.length + 1), 0, twin)
}

function addEntry(held, { random, donor, keys }) {
  const value = random.pick(partsOf(donor))
  held.splice(
    random.below(held.length + 1),
    0,
    'key' in held[0] ? { key: random.pick(keys), value } : value,
  )
}

function respell(held, { random }) {
  const one = random.pick(held)
  if ('key' in one) one.key = recase(one.key, random)
}

function drop(held, { random }) {
  held.splice(random.below(held.length), 1)
}

function exchange(held, { random }) {
  held.splice(0, held.length, ...random.shuffle(held))
}

function replaceValue(held, { random, donor }) {
  const part = random.pick(partsOf(donor))
  const at = random.below(held.length)
  held[at] = 'key' in held[at] ? { ...held[at], value: part } : part
}

function recase(key, random) {
  const at = random.below(key.length)
  const letter = key.charAt(at)
  const other = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()
  return key.slice(0, at) + other + key.slice(at + 1)
}

/** Every value inside a value, itself included. */
function partsOf(value) {
  const children = value.entries?.map((entry) => entry.value) ?? value.items ?? []
  return [value, ...children.flatMap(partsOf)]
}

function write(value, random) {
  switch (value.kind) {
    case 'object': {
      const entries = value.entries.map(
        (entry) => `${quote(entry.key, random)}:${write(entry.value, random)}`,
      )
      return `{${entries.join(',')}}`
    }
    case 'array':
      return `[${value.items.map((item) => write(item, random)).join(',')}]`
    case 'string':
      return quote(value.value, random)
    default:
      return value.value
  }
}

/** As JSON; at times with a letter as an escape, which JSON.parse reads alike. */
function quote(text, random) {
  const json = JSON.stringify(text)
  if (!random.oneIn(text.startsWith('__') ? 2 : 12)) return json
  const letter = random.pick(spelt)
  return json.replace(letter, `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
