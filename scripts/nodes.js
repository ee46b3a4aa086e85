import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

// Kept outside the checkout, so that the next run finds them.
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'mcp-mtls', 'nodes')
const platform = `${process.platform}-${process.arch}`

/** The Node versions the matrix tier runs on besides the one at hand, from npm's packages `node-<platform>`. */
export function nodesOfTheMatrix() {
  return ['22', '24', '26'].map((version) => {
    const directory = join(cache, version)
    const path = join(directory, 'node_modules', `node-${platform}`, 'bin', 'node')
    if (existsSync(path)) return { version, path }
    mkdirSync(directory, { recursive: true })
    const result = spawnSync(
      'npm',
      [
        'install',
        '--no-save',
        '--no-audit',
        '--no-fund',
        '--prefix',
        directory,
        `node-${platform}@${version}`,
      ],
      { encoding: 'utf8' },
    )
    if (result.status === 0 && existsSync(path)) return { version, path }
    return { version, error: `could not be installed: ${result.stderr.trim().split('\n').at(-1)}` }
  })
}
