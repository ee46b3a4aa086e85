import { replaceRange } from './mutate-bytes.js'

const token = /"(?:[^"\\\n]|\\.)*"|[\w$.-]+|\r\n|\s+|[^\s\w]/g
/** Line ends of one reader or another, and what stands at the start of a file. */
const breaks = [
  '\n',
  '\r',
  '\r\n',
  '\n\n',
  '\r\r',
  '\n\r',
  '\u2028',
  '\u2029',
  '\u0085',
  '\v',
  '\f',
]
// The second is how the bytes of a byte order mark look in Latin-1.
const marks = ['\ufeff', '\u00ef\u00bb\u00bf', '\0', '\u200b', '\u00a0', ' ', '\t', '\u202e']
/** Letters that some reader folds to ASCII ones. */
const lookalikes = {
  k: '\u212a',
  s: '\u017f',
  i: '\u0131',
  I: '\u0130',
  e: '\uff45',
  '.': '\u3002',
}

const mutations = [
  dropToken,
  doubleToken,
  swapTokens,
  stealToken,
  twin,
  escapeLetter,
  breakLines,
  mark,
]

/**
 * Applies one change to the words of a text: left out, doubled, exchanged, taken from a dictionary or
 * another sample, spelt otherwise (case, lookalikes, escapes), separated otherwise.
 */
export function mutateText(bytes, random, { others, dictionary }) {
  const text = bytes.toString('utf8')
  const words = [...text.matchAll(token)].map((match) => ({ at: match.index, text: match[0] }))
  if (words.length === 0) return Buffer.from(random.pick(dictionary))
  return Buffer.from(random.pick(mutations)(text, words, { random, others, dictionary }))
}

function replaceWord(text, word, replacement) {
  return text.slice(0, word.at) + replacement + text.slice(word.at + word.text.length)
}

function dropToken(text, words, { random }) {
  const first = random.below(words.length)
  const last = words[Math.min(words.length - 1, first + random.size(6) - 1)]
  return text.slice(0, words[first].at) + text.slice(last.at + last.text.length)
}

function doubleToken(text, words, { random }) {
  const first = random.below(words.length)
  const last = words[Math.min(words.length - 1, first + random.size(12) - 1)]
  const end = last.at + last.text.length
  const separator = random.pick(['', ',', '\n', ' '])
  return text.slice(0, end) + separator + text.slice(words[first].at, end) + text.slice(end)
}

function swapTokens(text, words, { random }) {
  const one = random.pick(words)
  const two = random.pick(words)
  const [left, right] = one.at <= two.at ? [one, two] : [two, one]
  if (left === right) return text
  return replaceWord(replaceWord(text, right, left.text), left, right.text)
}

function stealToken(text, words, { random, others, dictionary }) {
  const stolen = random.oneIn(3)
    ? random.pick(random.pick(others).toString('utf8').match(token) ?? [''])
    : random.pick(dictionary)
  const word = random.pick(words)
  return random.oneIn(2)
    ? replaceWord(text, word, stolen)
    : replaceWord(text, word, random.oneIn(2) ? stolen + word.text : word.text + stolen)
}

/** Another spelling that only some readers take for the same. */
function twin(text, words, { random }) {
  const word = random.pick(words.filter((one) => /[a-z]/i.test(one.text)))
  if (word === undefined) return text.toUpperCase()
  const at = random.below(word.text.length)
  const letter = word.text[at]
  const flipped = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()
  const other = random.oneIn(3) ? (lookalikes[letter] ?? flipped) : flipped
  const spelt = random.oneIn(8) ? word.text.toUpperCase() : spliceText(word.text, at, other)
  // Beside the first spelling, for readers that take the first or the last of two.
  return random.oneIn(3) ? doubleWithin(text, word, spelt) : replaceWord(text, word, spelt)
}

/** Repeats `"key": value` with another spelling of the key. */
function doubleWithin(text, word, spelt) {
  const end = text.slice(word.at).search(/[,}\n]/)
  if (end === -1) return replaceWord(text, word, spelt)
  const pair = text.slice(word.at, word.at + end)
  const separator = text[word.at + end] === '\n' ? '\n' : ','
  return `${text.slice(0, word.at)}${pair}${separator}${spelt}${pair.slice(word.text.length)}${text.slice(word.at + end)}`
}

function escapeLetter(text, words, { random }) {
  const word = random.pick(words.filter((one) => /\w/.test(one.text))) ?? words[0]
  const at = random.below(word.text.length)
  const code = word.text.charCodeAt(at)
  const escaped = random.pick([
    `\\u${code.toString(16).padStart(4, '0')}`,
    `\\u${code.toString(16).padStart(4, '0').toUpperCase()}`,
    `\\x${(code & 0xff).toString(16).padStart(2, '0')}`,
    `%${(code & 0xff).toString(16).padStart(2, '0')}`,
    `\\${word.text[at]}`,
  ])
  return replaceWord(text, word, spliceText(word.text, at, escaped))
}

function breakLines(text, words, { random }) {
  const chosen = random.pick(breaks)
  if (random.oneIn(6)) return text.replaceAll(/\r\n|\r|\n/g, chosen)
  const line = random.pick(words.filter((one) => /[\r\n]/.test(one.text)))
  if (line !== undefined && random.oneIn(2)) return replaceWord(text, line, chosen)
  const at = random.below(text.length + 1)
  return text.slice(0, at) + chosen + text.slice(at)
}

function mark(text, words, { random }) {
  const at = random.oneIn(2) ? 0 : random.pick(words).at
  return text.slice(0, at) + random.pick(marks) + text.slice(at)
}

function spliceText(text, at, replacement) {
  return text.slice(0, at) + replacement + text.slice(at + 1)
}

/** Puts a piece of one text between two others; for what is made of lines. */
export function insertLine(bytes, random, line) {
  const starts = [0, ...[...bytes.toString('latin1').matchAll(/\n/g)].map(({ index }) => index + 1)]
  return replaceRange(bytes, random.pick(starts), { remove: 0, insert: line })
}
