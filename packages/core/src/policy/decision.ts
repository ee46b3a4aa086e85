/** Why an operation is denied. */
export type DenyReason = 'no-role' | 'not-allowed' | 'denied'

/** The answer to one question. `rule` is the place in the policy that decided, such as `roles.reader.tools[1]`. */
export type Decision =
  | { readonly effect: 'allow'; readonly rule: string }
  | { readonly effect: 'deny'; readonly reason: DenyReason; readonly rule?: string }
