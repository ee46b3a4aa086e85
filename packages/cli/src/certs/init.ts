import { join } from 'node:path'
import { createCertificateAuthority } from '@mcp-mtls/authority'
import type { Report } from '../report.js'
import { toCommand } from './command-text.js'
import { authorityDirectory } from './layout.js'
import { parseCommonName } from './parse-names.js'
import { readNotAfter } from './read-not-after.js'
import { writeDirectory } from './write-directory.js'

export interface InitOptions {
  readonly dir: string
  readonly days: number
  readonly name: string
}

/**
 * Makes the certificate authority of a layout. It can issue certificates, but no further authorities.
 *
 * @throws {UsageError | CommandError}
 */
export async function initAuthority({ dir, days, name }: InitOptions): Promise<Report> {
  const directory = authorityDirectory(dir)
  const cn = parseCommonName(name)
  const authority = await createCertificateAuthority({ name: cn, days, pathLength: 0 })
  await writeDirectory(directory, [
    { name: 'ca.crt', text: authority.certificate },
    { name: 'ca.key', text: authority.key, isPrivate: true },
  ])
  return {
    command: 'certs init',
    directory,
    files: { certificate: join(directory, 'ca.crt'), key: join(directory, 'ca.key') },
    notAfter: readNotAfter(authority.certificate),
    next: toCommand(['certs', 'server', 'my-server'], dir),
  }
}
