import { writeFile } from 'node:fs/promises'
import { createFolder } from '../policy/k8s-volume.js'
import { spiffeId } from './stage.js'

/** A policy file that gives the reader these tools, until others are written. */
export async function createPolicyFile(...tools: readonly string[]) {
  const path = `${await createFolder()}/policy.yaml`
  const write = (...allowed: readonly string[]): Promise<void> =>
    writeFile(
      path,
      `version: 1\nroles: { reader: { tools: [${allowed.join(', ')}] } }\nassignments: [{ spiffe: '${spiffeId}', roles: [reader] }]\n`,
    )
  await write(...tools)
  return { path, write }
}
