/** What a step comes to: at once where there is nothing to wait for, since every wait costs a request its turn. */
export type Outcome<T> = T | Promise<T>

/** Goes on with an outcome, at once if it is there. */
export function andThen<T, U>(outcome: Outcome<T>, next: (value: T) => Outcome<U>): Outcome<U> {
  return outcome instanceof Promise ? outcome.then(next) : next(outcome)
}
