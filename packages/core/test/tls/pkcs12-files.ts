import { execFileSync, spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import type { CertificateFiles } from './certificate-files.js'

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0

/** What goes into a PKCS#12 file; texts are PEM. */
export interface Pkcs12Parts {
  readonly cert: string
  readonly key: string
  /** Further certificates. */
  readonly more?: string
  readonly passphrase?: string
  /** Further arguments of `openssl pkcs12 -export`. */
  readonly args?: readonly string[]
}

/** Makes a PKCS#12 file with openssl, whose defaults it has unless arguments say otherwise. */
export async function writePkcs12(
  files: CertificateFiles,
  name: string,
  { cert, key, more, passphrase = 'x', args = [] }: Pkcs12Parts,
): Promise<string> {
  const [crt, keyFile] = await Promise.all([
    files.write(`${name}.in.crt`, cert),
    files.write(`${name}.in.key`, key),
  ])
  const extra = more === undefined ? [] : ['-certfile', await files.write(`${name}.in.more`, more)]
  const output = ['-passout', `pass:${passphrase}`, '-out', files.path(`${name}.tmp`)]
  const input = ['pkcs12', '-export', '-in', crt, '-inkey', keyFile, ...extra]
  execFileSync('openssl', [...input, ...args, ...output], { stdio: 'pipe' })
  return files.write(name, await readFile(files.path(`${name}.tmp`)))
}
