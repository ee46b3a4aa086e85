const DEFAULT_ROOT = 'certs'
const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/

/** A command of ours as the user typed this one: by `npx` or not, with `--dir` where it is not the default. */
export function toCommand(words: readonly string[], root: string): string {
  const directory = root === DEFAULT_ROOT ? [] : ['--dir', root]
  const program = process.env['npm_command'] === 'exec' ? ['npx', 'mcp-mtls'] : ['mcp-mtls']
  return toShell([...program, ...words, ...directory])
}

/** Words joined so that a POSIX shell reads them back as they are. */
export function toShell(words: readonly string[]): string {
  return words
    .map((word) => (PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ')
}
