import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServerFiles } from '@mcp-mtls/testing'
import type { Realm } from './realm.js'

export interface KeycloakOptions {
  /** The distribution, as `scripts/keycloak.js` leaves it. */
  readonly distribution: string
  /** What it serves with, and the CA whose client certificates it takes. */
  readonly files: ServerFiles
  readonly realm: Realm
}

export interface Keycloak {
  /** The issuer of the realm. */
  readonly issuer: string
  /** Ends the process and deletes what it wrote. */
  close(): Promise<void>
}

// Short-lived: what the first compiler makes is good enough.
const jvm = '-Xms192m -Xmx512m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC'

// The server ends with its input, so that it does not outlive a test run that was killed.
const untilEndOfInput = `
exec 3<&0
"$@" </dev/null 3<&- & server=$!
{ read -r _; kill "$server"; } <&3 >/dev/null 2>&1 &
exec 3<&-
wait "$server"`

/**
 * Starts Keycloak on a free port of the loopback interface, over https alone, with one realm and a
 * database in memory. It asks for client certificates and takes requests without one.
 *
 * @throws {Error} with the end of what it printed, if it does not come up
 */
export async function startKeycloak(options: KeycloakOptions): Promise<Keycloak> {
  const { distribution, realm } = options
  const home = await makeHome(distribution, realm)
  const program = join(distribution, 'bin', 'kc.sh')
  const server = spawn(
    'sh',
    ['-c', untilEndOfInput, 'sh', program, ...toArguments(home, options.files)],
    {
      env: toEnvironment(),
      stdio: 'pipe',
    },
  )
  const ended = once(server, 'close')
  const close = async () => {
    server.stdin.end()
    await ended
    await rm(home, { recursive: true, force: true })
  }
  try {
    const port = await readPort(server)
    return { issuer: `https://localhost:${port}/realms/${realm.realm}`, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** What a server reads is shared; what it writes, and the realm, is in a folder of its own. */
async function makeHome(distribution: string, realm: Realm): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'mcp-mtls-keycloak-'))
  for (const shared of ['lib', 'conf', 'providers', 'themes']) {
    await symlink(join(distribution, shared), join(home, shared))
  }
  const directory = join(home, 'data', 'import')
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, `${realm.realm}-realm.json`), JSON.stringify(realm))
  return home
}

function toArguments(home: string, files: ServerFiles): readonly string[] {
  return [
    `-Dkc.home.dir=${home}`,
    'start',
    '--optimized',
    '--import-realm',
    '--cache=local',
    '--http-host=127.0.0.1',
    '--https-port=0',
    // The port is known only once it listens, so it takes its own name from the requests.
    '--hostname-strict=false',
    `--https-certificate-file=${files.cert}`,
    `--https-certificate-key-file=${files.key}`,
    `--truststore-paths=${files.ca}`,
  ]
}

/** Settings of another Keycloak (`KC_…`) have no place here. */
function toEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME, JAVA, JAVA_HOME } = process.env
  return { PATH, HOME, JAVA, JAVA_HOME, JAVA_OPTS: jvm }
}

/** The port, once the server says that it is ready. */
function readPort(server: ChildProcessWithoutNullStreams): Promise<string> {
  let said = ''
  return new Promise((resolve, reject) => {
    const listen = (chunk: Buffer) => {
      // It goes on being read, or the server would come to wait for it.
      said = `${said}${chunk}`.slice(-4_000)
      const port = /Listening on: https:\/\/[^:\s]+:(\d+)/.exec(said)?.[1]
      if (port !== undefined) resolve(port)
    }
    server.stdout.on('data', listen)
    server.stderr.on('data', listen)
    server.once('error', reject)
    server.once('close', () => reject(new Error(`Keycloak did not start:\n${said}`)))
  })
}
