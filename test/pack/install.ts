import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../e2e/programs.js'

/** A directory outside the workspace, where nothing of it can be found by accident. */
export interface Outside {
  readonly directory: string
  remove(): Promise<void>
}

export async function createOutside(): Promise<Outside> {
  const directory = await mkdtemp(join(tmpdir(), 'mcp-mtls-pack-'))
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) }
}

/** `npm install` as a user types it, but from npm's cache where that has the package. */
export async function npmInstall(cwd: string, packages: readonly string[] = []): Promise<void> {
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
  const { code, stdout, stderr } = await run('npm', ['install', ...flags, ...packages], { cwd })
  if (code !== 0) throw new Error(`npm install ended with ${code}: ${stderr}${stdout}`)
}
