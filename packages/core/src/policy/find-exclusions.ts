import { type Expression, mentions, partsOf } from './cel-syntax.js'

/**
 * Finds comparisons that allow everything but some values of the request, or deny nothing but some. They
 * look like a rule and are none: every other spelling and type of the value goes through.
 */
export function findExclusions(
  expression: Expression,
  side: 'allow' | 'deny',
  fromRequest: ReadonlySet<string>,
): readonly Expression[] {
  return walk(expression, { negated: side === 'deny', names: fromRequest })
}

interface Place {
  readonly negated: boolean
  readonly names: ReadonlySet<string>
}

function walk(expression: Expression, place: Place): readonly Expression[] {
  const { exprKind } = expression
  const name = exprKind.case === 'callExpr' ? exprKind.value.function : undefined
  const compares = name === '_==_' || name === '@in' || name === '_!=_'
  if (compares) {
    const excludes = (name === '_!=_') !== place.negated
    return excludes && mentions(expression, place.names) ? [expression] : []
  }
  const inner = name === '!_' ? { ...place, negated: !place.negated } : enterLoop(expression, place)
  return partsOf(expression).flatMap((part) => walk(part, inner))
}

function enterLoop({ exprKind }: Expression, place: Place): Place {
  if (exprKind.case !== 'comprehensionExpr') return place
  const { iterRange, iterVar } = exprKind.value
  if (iterRange === undefined || !mentions(iterRange, place.names)) return place
  return { ...place, names: new Set([...place.names, iterVar]) }
}
