/** Why an operation is denied. */
export type DenyReason = 'no-role' | 'not-allowed' | 'denied'

/**
 * The answer to one question. `rule` is the place in the policy that decided, such as
 * `roles.reader.tools[1]`. A challenge is a no that a token, or one with more scopes, can turn into a
 * yes; `scopes` are all that the operation needs, in the order of the policy.
 */
export type Decision =
  | { readonly effect: 'allow'; readonly rule: string }
  | {
      readonly effect: 'challenge'
      readonly wants: 'scopes'
      readonly scopes: readonly string[]
      readonly rule: string
    }
  | { readonly effect: 'challenge'; readonly wants: 'token'; readonly rule: string }
  | { readonly effect: 'deny'; readonly reason: DenyReason; readonly rule?: string }
