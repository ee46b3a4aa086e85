/** Answers that were filtered before, all for callers who are shown the same. */
export interface FilteredAnswers {
  /** What the same text, whatever its id, became before. */
  readonly find: (text: string) => string | undefined
  readonly note: (text: string, filtered: string) => void
}

/** The text of an answer without the id, and where that stands. */
interface Cut {
  readonly rest: string
  readonly id: string
  readonly isFirst: boolean
}

interface Entry {
  readonly rest: string
  readonly filtered: string
  readonly isFirst: boolean
}

const most = 4
const longest = 1024 * 1024
const FIRST = '{"jsonrpc":"2.0","id":'
const idFirst = /^\{"jsonrpc":"2\.0","id":(?<id>0|[1-9]\d{0,14}|"[\w-]{1,64}"),/
const idLast = /,"id":(?<id>0|[1-9]\d{0,14}|"[\w-]{1,64}")\}$/
// An id is shorter than this, with what has to stand around it.
const window = 100
// Ids of tasks are sealed for one caller; an escape could spell the key of one.
const PERSONAL = /"(?:tasks?|taskIds?)"|related-task|\\u00[2-7]/

/**
 * Remembers the last filtered answers. A server's lists seldom change, and parsing a long one costs more
 * than all else. Two answers are the same if they differ in nothing but the token of their id, first or
 * last in the text: what is found then is what parsing and filtering would give.
 *
 * Not remembered: texts over a mebi of characters, and whatever may be about a task.
 */
export function createFilteredAnswers(): FilteredAnswers {
  let entries: readonly Entry[] = []
  return Object.freeze({
    find(text: string): string | undefined {
      const sought = cut(text)
      const found = entries.find(
        ({ rest, isFirst }) => isFirst === sought?.isFirst && rest === sought.rest,
      )
      return found && sought && join({ ...found, id: sought.id })
    },
    note(text: string, filtered: string): void {
      if (text.length > longest || PERSONAL.test(text)) return
      const [before, after] = [cut(text), cut(filtered)]
      if (before === undefined || before.id !== after?.id || before.isFirst !== after.isFirst)
        return
      const entry = { rest: before.rest, filtered: after.rest, isFirst: before.isFirst }
      entries = [entry, ...entries].slice(0, most)
    },
  })
}

function cut(text: string): Cut | undefined {
  const first = idFirst.exec(text.slice(0, window))?.groups?.['id']
  if (first !== undefined) {
    return { rest: text.slice(FIRST.length + first.length), id: first, isFirst: true }
  }
  const last = idLast.exec(text.slice(-window))?.groups?.['id']
  return last === undefined
    ? undefined
    : { rest: text.slice(0, -(last.length + 1)), id: last, isFirst: false }
}

function join({ filtered, id, isFirst }: Entry & { readonly id: string }): string {
  return isFirst ? `${FIRST}${id}${filtered}` : `${filtered}${id}}`
}
