import { PolicyError } from '../errors.js'
import { checkReferences } from './check-references.js'
import { compilePolicy } from './compile.js'
import { findWarnings } from './find-warnings.js'
import { type Policy, toPolicy } from './policy.js'
import { type Locate, toPolicyIssues } from './policy-issue.js'
import { readDefinition } from './read-definition.js'

/** What a policy is made from: plain data, and where it was read. */
export interface PolicyInput {
  readonly source: string
  readonly value: unknown
  readonly locate?: Locate
}

/**
 * Checks and compiles a policy.
 *
 * @throws {PolicyError} with everything that is wrong
 */
export function buildPolicy({ source, value, locate }: PolicyInput): Policy {
  const { definition, issues } = readDefinition(value)
  const found = [...issues, ...checkReferences(value)]
  if (definition === undefined || found.length > 0) {
    throw new PolicyError(source, toPolicyIssues(found, locate))
  }
  const warnings = findWarnings(source, definition, locate)
  return toPolicy(source, compilePolicy(definition, locate), warnings)
}
