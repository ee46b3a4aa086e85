import { createRequire } from 'node:module'
import { ConfigurationError } from '../errors.js'

type Cel = typeof import('@bufbuild/cel')

/**
 * Loads the evaluator of CEL, which is installed only where a policy has conditions. At once and not by
 * `import()`, so that `definePolicy` can say what is wrong with a condition like with everything else.
 *
 * @throws {ConfigurationError} if it is not installed; the message has the command that installs it
 */
export function requireCel(): Cel {
  const require = createRequire(import.meta.url)
  try {
    return require('@bufbuild/cel')
  } catch (cause) {
    throw new ConfigurationError(
      'needs the packages that evaluate CEL: run "npm install @bufbuild/cel@^0.6.1 @bufbuild/protobuf@^2.6.2"',
      { cause },
    )
  }
}
