import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

// Kept outside the checkout, so that the next run finds them.
export const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'mcp-mtls')
const platform = `${process.platform}-${process.arch}`

/** The Node versions the matrix tier runs on besides the one at hand. */
export function nodesOfTheMatrix() {
  return ['22', '24', '26'].map(nodeOfVersion)
}

/** The newest Node of a major version, `{ version, path }`, from npm's packages `node-<platform>`; `error` if it cannot be had. */
export function nodeOfVersion(version) {
  const { directory, error } = installCached(join('nodes', version), `node-${platform}@${version}`)
  if (error) return { version, error }
  const path = join(directory, `node-${platform}`, 'bin', 'node')
  if (!existsSync(path)) return { version, error: `could not be installed: there is no ${path}` }
  return { version, path }
}

/** Installs a package into a folder of the cache unless it is there; `directory` is its `node_modules`. */
export function installCached(folder, specifier) {
  const prefix = join(cache, folder)
  const directory = join(prefix, 'node_modules')
  const name = specifier.slice(0, specifier.lastIndexOf('@'))
  if (existsSync(join(directory, name, 'package.json'))) return { directory }
  mkdirSync(prefix, { recursive: true })
  const options = ['--no-save', '--no-audit', '--no-fund', '--prefix', prefix]
  const result = spawnSync('npm', ['install', ...options, specifier], { encoding: 'utf8' })
  if (result.status === 0) return { directory }
  const reason = result.error?.message ?? /npm error .*/.exec(result.stderr)?.[0]
  return { error: `could not be installed: ${reason}` }
}
