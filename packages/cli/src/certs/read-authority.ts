import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CertificateAuthority, openCertificateAuthority } from '@mcp-mtls/authority'
import { CommandError } from '../errors.js'
import { toCommand } from './command-text.js'
import { authorityDirectory } from './layout.js'

/** The authority of a layout, with its certificate file as it is, for those who shall trust it. */
export interface StoredAuthority {
  readonly authority: CertificateAuthority
  readonly certificateFile: string
}

/**
 * Reads the authority, and checks that it outlives what it is to issue.
 *
 * @throws {CommandError} when there is none, it cannot be used, or it ends too early
 */
export async function readAuthority(root: string, notAfter: Date): Promise<StoredAuthority> {
  const directory = authorityDirectory(root)
  const certificateFile = await readAuthorityFile(join(directory, 'ca.crt'), root)
  const key = await readAuthorityFile(join(directory, 'ca.key'), root)
  const authority = await open(directory, { certificate: certificateFile, key })
  checkOutlives(directory, authority, notAfter)
  return { authority, certificateFile }
}

async function readAuthorityFile(path: string, root: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    const advice = isMissing ? `; make one with: ${toCommand(['certs', 'init'], root)}` : ''
    throw new CommandError(`cannot read the certificate authority ${path}${advice}`, { cause })
  }
}

async function open(
  directory: string,
  pem: { readonly certificate: string; readonly key: string },
): Promise<CertificateAuthority> {
  try {
    return await openCertificateAuthority(pem)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CommandError(`the certificate authority in ${directory} cannot be used: ${reason}`, {
      cause,
    })
  }
}

function checkOutlives(directory: string, authority: CertificateAuthority, notAfter: Date): void {
  const end = new Date(new X509Certificate(authority.certificate).validTo)
  if (end.getTime() >= notAfter.getTime()) return
  throw new CommandError(
    `the certificate authority in ${directory} ends on ${end.toISOString()}, before what it would ` +
      'issue; give fewer --days, or make a new authority in another --dir',
  )
}
