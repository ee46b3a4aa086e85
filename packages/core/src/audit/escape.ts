/**
 * Text of a peer, made fit for a log line: control, formatting and unpaired surrogate characters are
 * written as `\u{…}`, a backslash is doubled, and what is longer than `longest` characters is cut with
 * an ellipsis.
 */
export function escapeText(text: string, longest = 128): string {
  if (text.length <= longest && PLAIN.test(text)) return text
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text
  return cut.replace(/[\p{C}\p{Zl}\p{Zp}\\]/gu, escapeCharacter)
}

// Most texts: ASCII that is neither a control character nor a backslash.
const PLAIN = /^[ -[\]-~]*$/

function escapeCharacter(character: string): string {
  if (character === '\\') return '\\\\'
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}
