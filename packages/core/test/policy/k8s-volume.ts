import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A directory that is gone when the test ends. */
export async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-mtls-watch-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Replaces a file as careful writers do: another file, then a rename. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
}

/**
 * A mounted Secret or ConfigMap: `name` leads to `..data/name`, `..data` to a directory with a time in
 * its name, and an update swaps `..data` and removes the old directory (AtomicWriter of the kubelet).
 */
export async function createVolume(name: string, text: string) {
  const folder = await createFolder()
  let generation = 0
  async function publish(content: string): Promise<void> {
    const before = `..2026_11_21_${generation}`
    generation += 1
    const now = `..2026_11_21_${generation}`
    await mkdir(join(folder, now))
    await writeFile(join(folder, now, name), content)
    await symlink(now, join(folder, '..data_tmp'))
    await rename(join(folder, '..data_tmp'), join(folder, '..data'))
    await rm(join(folder, before), { recursive: true, force: true })
  }
  await publish(text)
  await symlink(join('..data', name), join(folder, name))
  return { path: join(folder, name), publish }
}
