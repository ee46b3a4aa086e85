const standardEnds = /\r\n|\r|\n/
/** What Python's `splitlines` and other line readers also take for the end of a line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are the line ends in question
const everyEnd = /\r\n|[\r\n\v\f\u001c\u001d\u001e\u0085\u2028\u2029]/

/**
 * A reader of event streams that shares nothing with the library's (WHATWG HTML section 9.2.6). The
 * lenient one also takes other line ends, an event without its blank line, each line of data alone, and
 * fields in any case and after spaces.
 */
export function readEvents(text, { lenient }) {
  const unmarked = text.startsWith('\ufeff') ? text.slice(1) : text
  const events = []
  let data = []
  const dispatch = () => {
    if (data.length > 0) events.push({ data: data.join('\n') })
    if (lenient) events.push(...data.map((line) => ({ data: line })))
    data = []
  }
  for (const line of unmarked.split(lenient ? everyEnd : standardEnds)) {
    const value = readData(line, lenient)
    if (value !== undefined) data.push(value)
    else if (line === '') dispatch()
  }
  if (lenient) dispatch()
  return events
}

function readData(line, lenient) {
  const match = (lenient ? /^\s*data(?:\s*:\s?(.*))?$/is : /^data(?:: ?(.*))?$/s).exec(line)
  return match === null ? undefined : (match[1] ?? '')
}
