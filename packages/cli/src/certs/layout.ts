import { join } from 'node:path'
import { UsageError } from '../errors.js'

/** Where things are below the root directory: the layout that ContextForge uses too. */
export const authorityDirectory = (root: string): string => join(root, 'mcp', 'ca')
export const serverDirectory = (root: string, name: string): string =>
  join(root, 'mcp', 'plugins', parseName(name))
export const clientDirectory = (root: string, name: string): string =>
  join(root, 'mcp', 'clients', parseName(name))

// Such a name is a DNS name too, and with `mcp-plugin-` before it still fits a label of 63 octets.
const NAME = /^[a-z0-9]+(?:(?:[._]|-+)[a-z0-9]+)*$/
const LONGEST = 52

/**
 * Checks a name that becomes a directory. INVARIANT: it holds no separator and is no dot segment.
 *
 * @throws {UsageError}
 */
export function parseName(name: string): string {
  if (name.length <= LONGEST && NAME.test(name)) return name
  throw new UsageError(
    `name ${JSON.stringify(name)}: give at most ${LONGEST} of a-z and 0-9, with single ".", "_" or "-" ` +
      'between them',
  )
}
