/** Tells Fastify how a hook ended: at once where its outcome is there, since every wait costs the request its turn. */
export function settle<T>(
  done: (error: Error | undefined, value?: T) => void,
  step: () => T | Promise<T>,
): void {
  const fail = (error: unknown): void =>
    done(error instanceof Error ? error : new Error('a step of the guard failed', { cause: error }))
  let outcome: T | Promise<T>
  try {
    outcome = step()
  } catch (error) {
    fail(error)
    return
  }
  if (outcome instanceof Promise) outcome.then((value) => done(undefined, value), fail)
  else done(undefined, outcome)
}

/** Goes on with an outcome, at once if it is there. */
export function andThen<T, U>(outcome: T | Promise<T>, next: (value: T) => U): U | Promise<U> {
  return outcome instanceof Promise ? outcome.then(next) : next(outcome)
}
