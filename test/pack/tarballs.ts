import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../e2e/programs.js'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

/** The tools of the workspace, as `tools/package.json` has them. */
export const toolBin: string = join(root, 'tools', 'node_modules', '.bin')

/** A package as a registry would get it. */
export interface Tarball {
  readonly name: string
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Paths inside. */
  readonly files: readonly string[]
  /** Names of the workspace's own packages it needs. */
  readonly needs: readonly string[]
}

export interface Tarballs {
  readonly all: readonly Tarball[]
  /** The paths of a package's tarball and of those it needs. */
  pathsFor(...names: readonly string[]): readonly string[]
  remove(): Promise<void>
}

/** Packs what is built of every package that is published, as a release would, into a directory below `.tmp`. */
export async function packAll(): Promise<Tarballs> {
  const manifests = await readManifests()
  await mkdir(join(root, '.tmp'), { recursive: true })
  const directory = await mkdtemp(join(root, '.tmp', 'pack-'))
  const published = manifests.filter((manifest) => manifest.private !== true)
  const filters = published.flatMap(({ name }) => ['--filter', name])
  const args = [
    '-y',
    'pnpm@12',
    '-r',
    ...filters,
    'pack',
    '--json',
    '--pack-destination',
    directory,
  ]
  const { code, stdout, stderr } = await run('npx', args, { cwd: root })
  if (code !== 0) throw new Error(`pnpm pack ended with ${code}: ${stderr}${stdout}`)
  const packed = JSON.parse(stdout.slice(stdout.indexOf('['))) as readonly Packed[]
  const all = published.map((manifest) => toTarball(manifest, packed))
  const pathsFor = (...names: readonly string[]): readonly string[] =>
    withNeeds(names, all).map(({ path }) => path)
  return { all, pathsFor, remove: () => rm(directory, { recursive: true, force: true }) }
}

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
}

interface Packed {
  readonly name: string
  readonly filename: string
  readonly size: number
  readonly files: readonly { readonly path: string }[]
}

async function readManifests(): Promise<readonly Manifest[]> {
  const folders = await readdir(join(root, 'packages'))
  return Promise.all(
    folders.map(async (folder) => {
      const text = await readFile(join(root, 'packages', folder, 'package.json'), 'utf8')
      return JSON.parse(text) as Manifest
    }),
  )
}

function toTarball({ name, dependencies = {} }: Manifest, packed: readonly Packed[]): Tarball {
  const found = packed.find((one) => one.name === name)
  if (found === undefined) throw new Error(`pnpm packed no ${name}`)
  return {
    name,
    path: found.filename,
    size: found.size,
    files: found.files.map(({ path }) => path),
    needs: Object.entries(dependencies)
      .filter(([, range]) => range.startsWith('workspace:'))
      .map(([needed]) => needed),
  }
}

function withNeeds(names: readonly string[], all: readonly Tarball[]): readonly Tarball[] {
  const found = names.map((name) => {
    const tarball = all.find((one) => one.name === name)
    if (tarball === undefined) throw new Error(`there is no published package ${name}`)
    return tarball
  })
  const needed = found.flatMap(({ needs }) => (needs.length > 0 ? withNeeds(needs, all) : []))
  return [...new Set([...found, ...needed])]
}
