import { z } from 'zod'
import { ConfigurationError } from '../errors.js'

/** Reads a text, or throws what is wrong with it. */
export type Parse = (text: string) => unknown

/** A list that is not empty. */
export function list<Entry extends z.ZodType>(entry: Entry): z.ZodArray<Entry> {
  return z.array(entry).min(1)
}

/** Text that can be read. */
export function pattern(parse: Parse): z.ZodString {
  return z.string().superRefine((text, context) => {
    const message = findProblem(parse, text)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })
}

function findProblem(parse: Parse, text: string): string | undefined {
  try {
    parse(text)
    return undefined
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
}
