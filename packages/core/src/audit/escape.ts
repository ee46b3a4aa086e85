/**
 * Text of a peer, made fit for a log line: control, formatting and unpaired surrogate characters are
 * written as `\u{…}`, a backslash is doubled, and what is longer than `longest` characters is cut with
 * an ellipsis.
 */
export function escapeText(text: string, longest = 128): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text
  return cut.replace(/[\p{C}\p{Zl}\p{Zp}\\]/gu, escapeCharacter)
}

function escapeCharacter(character: string): string {
  if (character === '\\') return '\\\\'
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}
