import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A program that listens, and what it printed so far. */
export interface Serving {
  readonly port: number
  output(): string
  stop(): Promise<void>
}

/** A port nobody listens on now. */
export async function findFreePort(): Promise<number> {
  const server = createServer()
  server.listen(0, 'localhost')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/**
 * Starts a shell command and waits until it listens on `port`.
 *
 * @throws {Error} with what it printed, if it ends before or takes longer than fifteen seconds
 */
export async function serve(
  command: string,
  { cwd, port }: { readonly cwd: string; readonly port: number },
): Promise<Serving> {
  // exec: the shell becomes the program, so that it is the program that is stopped.
  const child = spawn('sh', ['-c', `exec ${command}`], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill()
    await closed
  }
  for (let tries = 0; tries < 150 && child.exitCode === null; tries += 1) {
    if (await accepts(port)) return { port, output: () => output, stop }
    await sleep(100)
  }
  await stop()
  throw new Error(`${command} does not listen on ${port}: ${output}`)
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, 'localhost')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
