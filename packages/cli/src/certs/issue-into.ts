import { join } from 'node:path'
import type { CertificateRequest } from '@mcp-mtls/authority'
import type { Report } from '../report.js'
import { readAuthority } from './read-authority.js'
import { readNotAfter } from './read-not-after.js'
import { checkAbsent, writeDirectory } from './write-directory.js'

const DAY = 24 * 60 * 60 * 1000

export interface LeafOrder {
  readonly root: string
  readonly directory: string
  readonly days: number
  readonly request: CertificateRequest
}

/**
 * Issues a certificate of the layout's authority into a directory of its own, with a copy of the
 * authority's certificate, so that the directory is all its holder needs.
 *
 * @throws {CommandError}
 */
export async function issueInto(order: LeafOrder): Promise<Omit<Report, 'command' | 'next'>> {
  const { root, directory, days, request } = order
  await checkAbsent(directory)
  const notAfter = new Date(Date.now() + days * DAY)
  const { authority, certificateFile } = await readAuthority(root, notAfter)
  const issued = await authority.issue({ ...request, notAfter })
  const { usage } = request
  await writeDirectory(directory, [
    { name: `${usage}.crt`, text: issued.chain },
    { name: `${usage}.key`, text: issued.key, isPrivate: true },
    { name: 'ca.crt', text: certificateFile },
  ])
  return {
    directory,
    files: {
      certificate: join(directory, `${usage}.crt`),
      key: join(directory, `${usage}.key`),
      ca: join(directory, 'ca.crt'),
    },
    notAfter: readNotAfter(issued.certificate),
  }
}
