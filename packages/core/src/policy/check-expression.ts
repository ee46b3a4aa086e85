import { ConfigurationError } from '../errors.js'
import {
  type Call,
  checkForm,
  checkName,
  type Expression,
  type Loop,
  mentions,
  partsOf,
} from './cel-syntax.js'

/** What an expression may read, and which of it the caller writes. */
export interface Vocabulary {
  readonly variables: readonly string[]
  /** Variables whose size only the request or a token bounds. */
  readonly unbounded: ReadonlySet<string>
  /** Throws if a regular expression cannot be compiled. */
  readonly compilePattern: (pattern: string) => void
}

interface Scope extends Vocabulary {
  readonly depth: number
  readonly inLoop: boolean
}

const maximumDepth = 32
const accumulator = '@result'

/**
 * Refuses an expression that reads or calls what is not known, or whose cost is more than linear in the
 * request and the token: loops in loops, loops over one part of them that look at another, and searches
 * for text that comes from them.
 *
 * @throws {ConfigurationError}
 */
export function checkExpression(expression: Expression, vocabulary: Vocabulary): void {
  check(expression, { ...vocabulary, depth: 0, inLoop: false })
}

function check(expression: Expression, scope: Scope): void {
  if (scope.depth > maximumDepth) {
    throw new ConfigurationError(
      `is nested more than ${maximumDepth} levels deep: split it into entries`,
    )
  }
  checkForm(expression)
  const { exprKind } = expression
  const inner = { ...scope, depth: scope.depth + 1 }
  if (exprKind.case === 'identExpr') checkName(exprKind.value.name, scope.variables)
  if (exprKind.case === 'callExpr') checkSearch(exprKind.value, scope)
  if (exprKind.case === 'comprehensionExpr') checkLoop(exprKind.value, inner)
  else for (const part of partsOf(expression)) check(part, inner)
}

function checkSearch({ function: name, target, args }: Call, scope: Scope): void {
  if (name === 'matches') checkMatches(target === undefined ? undefined : args, scope)
  if (name !== 'contains') return
  if (args.some((needle) => mentions(needle, scope.unbounded))) {
    throw new ConfigurationError(
      'searches with "contains" for text from the request or the token, whose cost is not bounded: search for text of the policy',
    )
  }
}

function checkMatches(args: readonly Expression[] | undefined, scope: Scope): void {
  const constant = args?.length === 1 ? args[0]?.exprKind : undefined
  const kind = constant?.case === 'constExpr' ? constant.value.constantKind : undefined
  if (kind?.case !== 'stringValue') {
    throw new ConfigurationError(
      'calls "matches" otherwise than as in args.name.matches("^[a-z]+$"): write the regular expression out',
    )
  }
  try {
    scope.compilePattern(kind.value)
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigurationError(`has a regular expression that is none of RE2: ${problem}`, {
      cause,
    })
  }
}

function checkLoop(loop: Loop, scope: Scope): void {
  const { iterRange, iterVar } = loop
  if (scope.inLoop) throw new ConfigurationError('has a loop in a loop: split it into entries')
  if (iterRange === undefined) throw new ConfigurationError('has a loop over nothing')
  check(iterRange, scope)
  const overRequest = mentions(iterRange, scope.unbounded)
  const steps = [loop.accuInit, loop.loopCondition, loop.loopStep, loop.result]
  const inner: Scope = {
    ...scope,
    inLoop: true,
    variables: [...scope.variables, iterVar, accumulator],
    unbounded: overRequest ? new Set([...scope.unbounded, iterVar]) : scope.unbounded,
  }
  for (const step of steps) {
    if (step === undefined) continue
    if (overRequest && mentions(step, without(scope.unbounded, iterVar))) throw twoParts()
    check(step, inner)
  }
}

function without(names: ReadonlySet<string>, name: string): ReadonlySet<string> {
  return new Set([...names].filter((each) => each !== name))
}

function twoParts(): ConfigurationError {
  return new ConfigurationError(
    'looks at the request or the token inside a loop over one of them, whose cost is not bounded: there only the variable of the loop, "principal" and "certificate" can be used',
  )
}
