import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { TlsMaterialError } from '../errors.js'

const othersRead = 0o004
/** Those nobody makes but the operator's CA, or the operator. */
const notMadeHere: ReadonlySet<string> = new Set(['CRL', 'deny list', 'PKCS#12'])

/** @throws {TlsMaterialError} as {@link readBytes} */
export async function readText(file: string, what: string): Promise<string> {
  return (await readBytes(file, what)).toString('utf8')
}

/** @throws {TlsMaterialError} naming the file, and the command that makes one */
export async function readBytes(file: string, what: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new TlsMaterialError(`${file}: ${explainFailure(cause, file, what)}`, { cause })
  }
}

/** What is odd about a file with a private key in it. */
export async function findKeyFileWarnings(file: string): Promise<readonly string[]> {
  // Windows reports a made-up mode.
  if (process.platform === 'win32') return []
  const found = await stat(file).catch(() => undefined)
  return found === undefined || (found.mode & othersRead) === 0
    ? []
    : [`${file}: every user of this machine can read the private key; run chmod 600 on it.`]
}

function explainFailure(cause: unknown, file: string, what: string): string {
  const advise = (which: string) =>
    notMadeHere.has(what) ? '' : ` Make ${which} with: mcp-mtls certs server NAME`
  switch (readCode(cause)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `no such ${what} file (looked for ${resolve(file)}).${advise('one')}`
    case 'EACCES':
    case 'EPERM':
      return `the ${what} file may not be read by this process; check its owner and mode.${advise('another')}`
    case 'EISDIR':
      return `a directory; name the ${what} file in it.${advise('one')}`
    default:
      return `the ${what} file cannot be read (${readCode(cause) ?? 'unknown error'}).`
  }
}

function readCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
