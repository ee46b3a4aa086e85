import type { Decision } from './decision.js'
import type { Question } from './question.js'
import type { ConditionalRule, FiledRules, RuleTable, ScopedRule } from './rule-table.js'

/** What is looked for in a table of rules. */
export interface Sought<Pattern> {
  readonly text: string
  readonly question: Question
  readonly matches: (pattern: Pattern) => boolean
  readonly applies: (rule: ConditionalRule<Pattern>) => boolean
}

/** Asks conditions about the question as it is. */
export function toApplies<Pattern>(question: Question): Sought<Pattern>['applies'] {
  return (rule) => rule.applies(question)
}

/** Asks each rule once, for looking up several texts of which all lead to the same answers. */
export function askOnce<Pattern>(applies: Sought<Pattern>['applies']): Sought<Pattern>['applies'] {
  const answers = new Map<ConditionalRule<Pattern>, boolean>()
  return (rule) => {
    const known = answers.get(rule)
    if (known !== undefined) return known
    const answer = applies(rule)
    answers.set(rule, answer)
    return answer
  }
}

/**
 * What the rules of one side lead to, undefined if none matches. Those that ask for less come first, so
 * that a rule without scopes allows whatever another one wants.
 */
export function findDecision<Pattern>(
  { exact, patterns, conditional, scoped }: RuleTable<Pattern>,
  sought: Sought<Pattern>,
): Decision | undefined {
  return (
    exact.get(sought.text) ??
    patterns.find(({ pattern }) => sought.matches(pattern))?.decision ??
    (conditional && findConditional(conditional, sought)) ??
    (scoped && findScoped(scoped, sought))
  )
}

function findConditional<Pattern>(
  { exact, patterns }: FiledRules<Pattern, ConditionalRule<Pattern>>,
  { text, matches, applies }: Sought<Pattern>,
): Decision | undefined {
  const named = exact.get(text)?.find(applies)
  const rule = named ?? patterns.find((each) => matches(each.pattern) && applies(each))
  return rule?.decision
}

/** Allowed by the first rule whose scopes the token carries; else the challenge of the one it lacks fewest of. */
function findScoped<Pattern>(
  { exact, patterns }: FiledRules<Pattern, ScopedRule<Pattern>>,
  { text, question, matches, applies }: Sought<Pattern>,
): Decision | undefined {
  const held = question.principal.token?.scopes ?? []
  let fewest = Number.POSITIVE_INFINITY
  let challenge: Decision | undefined
  const named = exact.get(text) ?? []
  for (const rule of [...named, ...patterns.filter(({ pattern }) => matches(pattern))]) {
    if (!applies(rule)) continue
    const lacking = rule.scopes.filter((scope) => !held.includes(scope)).length
    if (lacking === 0) return rule.decision
    if (lacking < fewest) challenge = rule.challenge
    fewest = Math.min(fewest, lacking)
  }
  return challenge
}
