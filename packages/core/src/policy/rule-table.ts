import type { Rule } from './compile.js'
import type { Condition } from './condition.js'
import type { Decision } from './decision.js'
import type { Question } from './question.js'

/** Rules of one kind and side: exact texts by map, patterns in order, each with the decision it leads to. */
export interface RuleTable<Pattern> {
  readonly exact: ReadonlyMap<string, Decision>
  readonly patterns: readonly { readonly pattern: Pattern; readonly decision: Decision }[]
  /** Rules with a condition, asked after those without; undefined if there are none. */
  readonly conditional: FiledRules<Pattern, ConditionalRule<Pattern>> | undefined
  /** Rules that want scopes, asked last; undefined if there are none. */
  readonly scoped: FiledRules<Pattern, ScopedRule<Pattern>> | undefined
}

/** The same for rules of which several can have one text. */
export interface FiledRules<Pattern, Filed extends ConditionalRule<Pattern>> {
  readonly exact: ReadonlyMap<string, readonly Filed[]>
  readonly patterns: readonly Filed[]
}

/** A rule that counts where its condition does. */
export interface ConditionalRule<Pattern> {
  readonly pattern: Pattern
  readonly decision: Decision
  /** Whether there is a condition. */
  readonly asks: boolean
  /** Whether what it asks can differ between the forms of a URI. */
  readonly asksUri: boolean
  applies(question: Question): boolean
}

/** A rule that counts for a token with all of the scopes; for others it is a challenge. */
export interface ScopedRule<Pattern> extends ConditionalRule<Pattern> {
  readonly scopes: readonly string[]
  readonly challenge: Decision
}

/** What the rules of one side lead to. */
export interface Side {
  readonly decide: (place: string) => Decision
  readonly applies: (condition: Condition, question: Question) => boolean
}

type Written = { readonly exact: boolean; readonly text: string }

/** Files the rules of one side. */
export function toTable<Pattern extends Written>(
  rules: readonly Rule<Pattern>[],
  side: Side,
): RuleTable<Pattern> {
  const exact = new Map<string, Decision>()
  const patterns: { pattern: Pattern; decision: Decision }[] = []
  const conditional: ConditionalRule<Pattern>[] = []
  const scoped: ScopedRule<Pattern>[] = []
  for (const rule of rules) {
    const { pattern, place, condition, scopes } = rule
    const decision = Object.freeze(side.decide(place))
    if (scopes !== undefined) scoped.push(toScoped(toConditional(rule, decision, side), scopes))
    else if (condition !== undefined) conditional.push(toConditional(rule, decision, side))
    else if (!pattern.exact) patterns.push({ pattern, decision })
    else if (!exact.has(pattern.text)) exact.set(pattern.text, decision)
  }
  return { exact, patterns, conditional: fileRules(conditional), scoped: fileRules(scoped) }
}

/** Whether there are rules besides those for one exact text. */
export function hasOthers<Pattern>({ patterns, conditional, scoped }: RuleTable<Pattern>): boolean {
  return patterns.length > 0 || conditional !== undefined || scoped !== undefined
}

/** Whether what a table leads to can depend on more than the text, the roles and the scopes. */
export function isConditional({ conditional, scoped }: RuleTable<unknown>): boolean {
  const rules = scoped === undefined ? [] : [...scoped.exact.values(), scoped.patterns].flat()
  return conditional !== undefined || rules.some(({ asks }) => asks)
}

function toConditional<Pattern>(
  { pattern, condition }: Rule<Pattern>,
  decision: Decision,
  side: Side,
): ConditionalRule<Pattern> {
  const applies = (question: Question): boolean =>
    condition === undefined || side.applies(condition, question)
  const asksUri = condition?.readsUri ?? false
  return { pattern, decision, asks: condition !== undefined, asksUri, applies }
}

function toScoped<Pattern>(
  rule: ConditionalRule<Pattern>,
  scopes: readonly string[],
): ScopedRule<Pattern> {
  const place = rule.decision.rule ?? ''
  const challenge: Decision = { effect: 'challenge', wants: 'scopes', scopes, rule: place }
  return { ...rule, scopes, challenge: Object.freeze(challenge) }
}

function fileRules<Pattern extends Written, Filed extends ConditionalRule<Pattern>>(
  rules: readonly Filed[],
): FiledRules<Pattern, Filed> | undefined {
  if (rules.length === 0) return undefined
  const exact = new Map<string, Filed[]>()
  for (const rule of rules.filter(({ pattern }) => pattern.exact)) {
    const others = exact.get(rule.pattern.text)
    if (others === undefined) exact.set(rule.pattern.text, [rule])
    else others.push(rule)
  }
  return { exact, patterns: rules.filter(({ pattern }) => !pattern.exact) }
}
