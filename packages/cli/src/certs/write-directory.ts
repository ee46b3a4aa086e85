import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CommandError } from '../errors.js'

/** A file to write. Private ones are for their owner alone. */
export interface NewFile {
  readonly name: string
  readonly text: string
  readonly isPrivate?: true
}

/**
 * Writes a directory with all its files, or nothing: it is made under another name and renamed, which
 * fails where something is already there.
 *
 * @throws {CommandError} when the directory already holds anything
 */
export async function writeDirectory(
  directory: string,
  files: readonly NewFile[],
): Promise<readonly string[]> {
  await checkAbsent(directory)
  const parent = dirname(directory)
  await mkdir(parent, { recursive: true })
  // mkdtemp makes a directory of mode 0700, which the rename keeps.
  const temporary = await mkdtemp(join(parent, `.${basename(directory)}-`))
  try {
    for (const { name, text, isPrivate } of files) {
      const mode = isPrivate === true ? 0o600 : 0o644
      await writeFile(join(temporary, name), text, { flag: 'wx', mode })
    }
    await rename(temporary, directory)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    await checkAbsent(directory)
    throw error
  }
  return files.map(({ name }) => join(directory, name))
}

/**
 * Nothing is ever overwritten: a lost key cannot be had back.
 *
 * @throws {CommandError} when the directory holds anything
 */
export async function checkAbsent(directory: string): Promise<void> {
  const existing = await findExisting(directory)
  if (existing === undefined) return
  throw new CommandError(
    `${existing} exists and is not overwritten; choose another name or --dir, ` +
      `or move ${directory} away first`,
  )
}

async function findExisting(directory: string): Promise<string | undefined> {
  try {
    const [first] = (await readdir(directory)).sort()
    return first === undefined ? undefined : join(directory, first)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT') return undefined
    throw error
  }
}
