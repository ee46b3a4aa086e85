import { ConfigurationError } from '../errors.js'
import { requireCel } from './cel.js'
import { type Expression, mentions } from './cel-syntax.js'
import { toCelValue } from './cel-value.js'
import { checkExpression } from './check-expression.js'
import { findExclusions } from './find-exclusions.js'
import { checkPatternText } from './pattern.js'
import { type Question, readVariable } from './question.js'

type Cel = ReturnType<typeof requireCel>

/** The lists of a role whose entries can have a condition. */
export type ConditionalList = 'tools' | 'prompts' | 'resources'

/** The condition of an entry, ready to be asked. Never throws. */
export interface Condition {
  /** Whether an allow entry matches: the condition is true, or cannot be known before the call. */
  allows(question: Question): boolean
  /** Whether a deny entry matches: the condition is anything but false, and can be known. */
  denies(question: Question): boolean
  readonly readsToken: boolean
  readonly readsUri: boolean
  /** What looks like a rule in an entry of one side and is none. */
  warnings(side: 'allow' | 'deny'): readonly string[]
}

type Outcome = boolean | 'error' | 'unknown'

const requestVariables = {
  tools: ['args', 'tool'],
  prompts: ['args', 'prompt'],
  resources: ['uri'],
} as const
const callerVariables = ['principal', 'certificate', 'token']
const maximumLength = 1000

/**
 * Parses the condition of an entry: one expression of CEL, of bounded length, depth and cost.
 *
 * @throws {ConfigurationError} with the place in the expression where CEL finds a mistake; or if the
 *   evaluator is not installed
 */
export function parseCondition(list: ConditionalList, text: string): Condition {
  checkPatternText(text)
  if (text.length > maximumLength) {
    throw new ConfigurationError(
      `is longer than ${maximumLength} characters: split it into entries`,
    )
  }
  const cel = requireCel()
  const expression = parse(cel, text)
  const fromRequest = new Set<string>(requestVariables[list])
  const variables = [...fromRequest, ...callerVariables]
  checkExpression(expression, {
    variables,
    // A token is as long as its issuer and its bearer make it, so it costs as much as the request.
    unbounded: new Set([...fromRequest, 'token']),
    compilePattern: (pattern) => compilePattern(cel, pattern),
  })
  const used = variables.filter((name) => mentions(expression, new Set([name])))
  const ask = createEvaluation(cel, expression, used)
  return Object.freeze({
    allows(question: Question): boolean {
      const outcome = ask(question)
      return outcome === true || outcome === 'unknown'
    },
    denies(question: Question): boolean {
      const outcome = ask(question)
      return outcome !== false && outcome !== 'unknown'
    },
    readsToken: used.includes('token'),
    readsUri: used.includes('uri'),
    warnings: (side: 'allow' | 'deny') =>
      findExclusions(expression, side, fromRequest).map((each) => advise(cel.unparse(each), side)),
  })
}

function parse(cel: Cel, text: string): Expression {
  try {
    const { expr } = cel.parse(text)
    if (expr !== undefined) return expr
  } catch (cause) {
    throw new ConfigurationError(`is no CEL: ${describeSyntaxError(cause)}`, { cause })
  }
  throw new ConfigurationError('is no CEL: write an expression, or remove the key')
}

// The place is within the expression; the policy's own line and column are told with every issue.
function describeSyntaxError(cause: unknown): string {
  if (cause instanceof RangeError) return 'it is nested too deeply'
  return cause instanceof Error ? cause.message.replace(/^<input>:/, '') : String(cause)
}

function compilePattern(cel: Cel, pattern: string): void {
  const result = cel.run('"".matches(pattern)', { pattern })
  if (cel.isCelError(result)) throw new Error(result.message)
}

function createEvaluation(
  cel: Cel,
  expression: Expression,
  used: readonly string[],
): (question: Question) => Outcome {
  const evaluate = plan(cel, expression)
  return (question) => {
    const limit = Error.stackTraceLimit
    try {
      const values = used.map((name): [string, unknown] => [name, readVariable(name, question)])
      if (values.some(([, value]) => value === undefined)) return 'unknown'
      // An error for each element of a list costs little without a stack that nobody reads.
      Reflect.set(Error, 'stackTraceLimit', 0)
      const bindings = values.map(([name, value]) => [name, toCelValue(cel, value)] as const)
      const result = evaluate(Object.fromEntries(bindings))
      return typeof result === 'boolean' ? result : 'error'
    } catch {
      return 'error'
    } finally {
      Reflect.set(Error, 'stackTraceLimit', limit)
    }
  }
}

function plan(cel: Cel, expression: Expression): ReturnType<Cel['plan']> {
  try {
    return cel.plan(cel.celEnv(), expression)
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigurationError(`cannot be evaluated: ${problem}`, { cause })
  }
}

function advise(comparison: string, side: 'allow' | 'deny'): string {
  const quoted = `\`${comparison}\``
  return side === 'allow'
    ? `${quoted} lets every other spelling and type of the value through: name what is allowed, as in \`args.env in ["dev", "staging"]\``
    : `${quoted} denies no other spelling and type of the value: name what is allowed in the allow entry instead`
}
