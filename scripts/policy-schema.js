import { writeFileSync } from 'node:fs'
import { build, root, steps, tool } from './workspace.js'

// Writes the JSON Schema of a policy from the schema the loader uses; a test compares the two.
const path = 'packages/core/policy.schema.json'

steps({ build })
const { toJsonSchema } = await import('../packages/core/dist/policy/json-schema.js')
writeFileSync(`${root}${path}`, JSON.stringify(toJsonSchema()))
steps({ format: () => tool('biome', ['format', '--write', path]) })
