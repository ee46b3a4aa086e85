import { createFilteredAnswers, type FilteredAnswers } from '../http/filtered-answers.js'
import { findSharedView } from '../policy/shared-view.js'
import type { Call, GuardContext } from './context.js'

const answers = new WeakMap<object, FilteredAnswers>()

/**
 * The answers that were filtered for whoever is shown the same as the caller. Undefined where it is not
 * known who that is, or where what is hidden has to be recorded each time.
 */
export function rememberedAnswers(
  { settings }: GuardContext,
  { policy, principal }: Call,
): FilteredAnswers | undefined {
  const view = settings.observing ? undefined : findSharedView(policy, principal)
  if (view === undefined) return undefined
  const before = answers.get(view)
  if (before !== undefined) return before
  const created = createFilteredAnswers()
  answers.set(view, created)
  return created
}
