import { ConfigurationError } from '../errors.js'
import { quote } from './pattern.js'

type Cel = typeof import('@bufbuild/cel')

/** An expression as the parser of `@bufbuild/cel` leaves it, macros expanded. */
export type Expression = NonNullable<ReturnType<Cel['parse']>['expr']>
type Kind = Expression['exprKind']
export type Call = Extract<Kind, { case: 'callExpr' }>['value']
type Struct = Extract<Kind, { case: 'structExpr' }>['value']
export type Loop = Extract<Kind, { case: 'comprehensionExpr' }>['value']

const operators = [
  ...['_&&_', '_||_', '!_', '_?_:_', '_==_', '_!=_', '_<_', '_<=_', '_>_', '_>=_', '@in'],
  ...['_+_', '_-_', '_*_', '_/_', '_%_', '-_', '_[_]', '@not_strictly_false'],
]
const functions = [
  ...['size', 'contains', 'startsWith', 'endsWith', 'matches'],
  ...['int', 'uint', 'double', 'string', 'bytes', 'bool', 'type', 'dyn'],
]
const known = new Set([...operators, ...functions])
const typeNames = new Set('int uint double bool string bytes list map null_type type'.split(' '))
const ofTime =
  /^(?:now|timestamp|duration|get(?:FullYear|Month|Date|Day\w+|Hours|Minutes|\w*econds))$/

/** The parts of an expression, in the order they are written. */
export function partsOf({ exprKind }: Expression): readonly Expression[] {
  switch (exprKind.case) {
    case 'selectExpr':
      return present([exprKind.value.operand])
    case 'listExpr':
      return exprKind.value.elements
    case 'structExpr':
      return exprKind.value.entries.flatMap(({ keyKind, value }) =>
        present([keyKind.case === 'mapKey' ? keyKind.value : undefined, value]),
      )
    case 'callExpr':
      return present([exprKind.value.target, ...exprKind.value.args])
    case 'comprehensionExpr': {
      const { iterRange, accuInit, loopCondition, loopStep, result } = exprKind.value
      return present([iterRange, accuInit, loopCondition, loopStep, result])
    }
    default:
      return []
  }
}

/** Whether one of the names is read anywhere in an expression. */
export function mentions(expression: Expression, names: ReadonlySet<string>): boolean {
  const { exprKind } = expression
  if (exprKind.case === 'identExpr') return names.has(exprKind.value.name)
  return partsOf(expression).some((part) => mentions(part, names))
}

/**
 * Refuses what a condition has no use for: functions of time, messages of Protocol Buffers, optionals
 * and functions that are not CEL's own.
 *
 * @throws {ConfigurationError}
 */
export function checkForm({ exprKind }: Expression): void {
  if (exprKind.case === undefined) {
    throw new ConfigurationError('is no expression of CEL: write one, or remove the key')
  }
  if (exprKind.case === 'callExpr') checkFunction(exprKind.value.function)
  if (exprKind.case === 'structExpr') checkMap(exprKind.value)
  if (exprKind.case === 'listExpr' && exprKind.value.optionalIndices.length > 0) throw noOptionals()
  if (exprKind.case === 'comprehensionExpr' && makesList(exprKind.value)) throw noNewLists()
}

function checkMap({ messageName, entries }: Struct): void {
  if (messageName !== '') {
    throw new ConfigurationError(
      `makes a ${quote(messageName)}, but only plain values are known here`,
    )
  }
  if (entries.some(({ optionalEntry }) => optionalEntry)) throw noOptionals()
}

// What `map` and `filter` are expanded to starts with an empty list.
function makesList({ accuInit }: Loop): boolean {
  return accuInit?.exprKind.case === 'listExpr'
}

function checkFunction(name: string): void {
  if (known.has(name)) return
  if (ofTime.test(name)) throw timeless(name)
  throw new ConfigurationError(
    `calls ${quote(name)}, which is not known here; the functions are ${functions.join(', ')} and the macros all, exists, exists_one and has`,
  )
}

/**
 * Refuses a name that stands for nothing here.
 *
 * @throws {ConfigurationError}
 */
export function checkName(name: string, variables: readonly string[]): void {
  if (variables.includes(name) || typeNames.has(name)) return
  if (ofTime.test(name)) throw timeless(name)
  throw new ConfigurationError(
    `reads ${quote(name)}, which is not known here; the variables are ${variables.join(', ')}`,
  )
}

function timeless(name: string): ConfigurationError {
  return new ConfigurationError(
    `uses ${quote(name)}, but a decision depends on no clock: limit the validity of certificates instead`,
  )
}

function noOptionals(): ConfigurationError {
  return new ConfigurationError('has an optional, which is not supported: ask with "has" first')
}

function noNewLists(): ConfigurationError {
  return new ConfigurationError(
    'makes a list with "map" or "filter", whose cost is not bounded: use all, exists or exists_one',
  )
}

function present(parts: readonly (Expression | undefined)[]): readonly Expression[] {
  return parts.filter((part) => part !== undefined)
}
