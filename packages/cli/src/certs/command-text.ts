const DEFAULT_ROOT = 'certs'
const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/

/** A command of ours as the user would type it, with `--dir` where it is not the default. */
export function toCommand(words: readonly string[], root: string): string {
  const directory = root === DEFAULT_ROOT ? [] : ['--dir', root]
  return toShell(['mcp-mtls', ...words, ...directory])
}

/** Words joined so that a POSIX shell reads them back as they are. */
export function toShell(words: readonly string[]): string {
  return words
    .map((word) => (PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ')
}
