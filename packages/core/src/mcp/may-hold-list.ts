// The keys the filter looks at (whatever is about a task names its id), the end of the one method it looks at (`/` may be written `\/`), the
// escapes that could spell any of them, and NUL, which only text that is not UTF-8 holds.
const FILTERED =
  /"(?:tools|prompts|resources|resourceTemplates|tasks|taskIds?|cacheScope)"|\/updated"|\\u00[2-7]|\0/
// The same, and what only stands beside a result where the message can be read in two ways: one look for most answers.
const SUSPECT =
  /"(?:tools|prompts|resources|resourceTemplates|tasks|taskIds?|cacheScope|error|method)"|\/updated"|\\u00[2-7]|\0/

/**
 * Whether the JSON text of an answer can hold anything a message filter would change or refuse. A
 * cheap look at the text: it errs only towards `true`, so that an answer it says no to can be sent
 * on as it is, without being parsed.
 *
 * Bytes must be UTF-8 and the text complete: a part of a message cannot be judged.
 */
export function mayHoldList(json: string | Uint8Array): boolean {
  // Everything looked for is ASCII, and no byte of a longer UTF-8 sequence is.
  const text = typeof json === 'string' ? json : toBuffer(json).toString('latin1')
  return SUSPECT.test(text) && (FILTERED.test(text) || text.includes('"result"'))
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
