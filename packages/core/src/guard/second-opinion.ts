import type { AuthorizeQuestion } from './options.js'

type Ask = (question: AuthorizeQuestion) => Promise<boolean> | boolean

const patience = 2_000

/**
 * Asks the application's own `authorize` about something the policy allows. Anything but `true` within
 * two seconds is a no: an exception, a rejection, a truthy value, silence.
 */
export async function hearSecondOpinion(ask: Ask, question: AuthorizeQuestion): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), patience)
  })
  try {
    return (await Promise.race([ask(question), silence])) === true
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}
