import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cache } from './nodes.js'

const version = '26.4.7'
const unpack = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack'
const artifact = `org.keycloak:keycloak-quarkus-dist:${version}:zip`

// Settled when the server is built, not when it starts. A peer may come without a certificate: browsers do.
const buildOptions = ['--db=dev-mem', '--https-client-auth=request']

/**
 * A Keycloak distribution, `{ path }`: out of the cache, or brought by Maven (159 MB) and built once.
 * `{ skipped }` says why there is none.
 */
export function findKeycloak() {
  const path = join(cache, 'keycloak', version)
  if (existsSync(path)) return { path }
  const skipped = findJavaProblem() ?? findProgramProblem('mvn', ['--version'])
  if (skipped) return { skipped }
  mkdirSync(join(cache, 'keycloak'), { recursive: true })
  const directory = mkdtempSync(join(cache, 'keycloak', 'new-'))
  try {
    return bring(directory, path)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** It gets its name only when it is whole, so that what is in the cache can be used. */
function bring(directory, path) {
  const maven = ['-B', '-ntp', unpack, `-Dartifact=${artifact}`, `-DoutputDirectory=${directory}`]
  const brought = attempt('mvn', maven)
  if (brought.status !== 0)
    return { skipped: `mvn could not bring ${artifact}: ${brought.problem}` }
  const home = join(directory, `keycloak-${version}`)
  const built = attempt('sh', [join(home, 'bin', 'kc.sh'), 'build', ...buildOptions])
  if (built.status !== 0) return { skipped: `Keycloak could not be built: ${built.problem}` }
  renameSync(home, path)
  return { path }
}

/** Keycloak 26 runs on Java 17 and newer. */
function findJavaProblem() {
  const { status, said, problem } = attempt(javaProgram(), ['-version'])
  if (status !== 0) return `there is no Java: ${problem}`
  const major = Number(/version "(\d+)/.exec(said)?.[1])
  return major >= 17 ? undefined : 'Java 17 or newer is needed'
}

/** The one that kc.sh takes. */
function javaProgram() {
  const home = process.env.JAVA_HOME
  return process.env.JAVA || (home ? join(home, 'bin', 'java') : 'java')
}

function findProgramProblem(program, args) {
  const { status, problem } = attempt(program, args)
  return status === 0 ? undefined : `there is no ${program}: ${problem}`
}

function attempt(program, args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  const said = `${stdout ?? ''}${stderr ?? ''}`
  const problem = error?.message ?? /^.*ERROR.*$/m.exec(said)?.[0] ?? `it ended with ${status}`
  return { status, said, problem }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { path, skipped } = findKeycloak()
  console.log(path ?? skipped)
  process.exitCode = path ? 0 : 1
}
