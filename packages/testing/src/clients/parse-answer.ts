/** The JSON of an answer: its body, or the first event with JSON data; undefined for anything else. */
export function parseAnswer(contentType: string | undefined, body: string): unknown {
  if (contentType?.includes('application/json')) return parseJson(body)
  if (!contentType?.includes('text/event-stream')) return undefined
  return body
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => parseJson(line.slice('data:'.length)))
    .find((message) => message !== undefined)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
