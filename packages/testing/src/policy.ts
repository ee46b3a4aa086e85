import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { spiffeIds } from './certificates.js'

/** The policy of the adapter contract. `docs.purge` shows that a deny beats `docs.*`, and is inherited. */
export const policyText: string = `version: 1
roles:
  reader:
    tools: [search, docs.*]
    prompts: [greet]
    resources: ['file:///public/**']
    deny:
      tools: [docs.purge]
  operator:
    extends: [reader]
    tools: [deploy]
assignments:
  - spiffe: ${spiffeIds.reader}
    roles: [reader]
  - spiffe: ${spiffeIds.operator}
    roles: [operator]
`

/** The names a guard with one CA gives to the clients: what a tool handler sees as `clientId`. */
export const principalNames: Readonly<Record<'reader' | 'operator', string>> = Object.freeze({
  reader: `default/spiffe:${spiffeIds.reader}`,
  operator: `default/spiffe:${spiffeIds.operator}`,
})

/** Writes the policy to `policy.yaml` in `directory` and returns its path. */
export async function writePolicy(directory: string, text: string = policyText): Promise<string> {
  const path = join(directory, 'policy.yaml')
  await writeFile(path, text)
  return path
}
