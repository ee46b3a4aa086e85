/** What was typed cannot be meant: exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError' as const
}

/** What was asked for cannot be done: exit code 1. */
export class CommandError extends Error {
  override name = 'CommandError' as const
}
