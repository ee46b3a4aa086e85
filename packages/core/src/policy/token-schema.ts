import { z } from 'zod'
import type { ClaimsMatcher, TokenMatcher } from './definition.js'
import { list, pattern } from './schema-parts.js'
import { checkScope, checkTokenText } from './token-pattern.js'

const number = z
  .number()
  .refine((value) => !Number.isInteger(value) || Number.isSafeInteger(value), {
    error: 'is a number that is not kept exactly: put it in quotes if the claim is text',
  })
const claimValues = [z.string(), number, z.boolean()] as const
const claims: z.ZodType<ClaimsMatcher> = z.lazy(() =>
  z.record(z.string(), z.union([...claimValues, list(z.union(claimValues)), claims])),
)

const matcher = z.strictObject({
  issuer: oneOrMany((text) => checkTokenText('issuer', text)),
  kind: z.enum(['user', 'client'], { error: 'must be "user" or "client"' }).optional(),
  subject: oneOrMany((text) => checkTokenText('subject', text)),
  client: oneOrMany((text) => checkTokenText('client', text)),
  scopes: oneOrMany(checkScope),
  claims: claims.optional(),
})

/** What an assignment asks of a token. */
export const tokenSchema: z.ZodType<'any' | TokenMatcher> = z.union([
  z.literal('any', { error: 'must be "any", or a mapping of what the token has to hold' }),
  matcher,
])

/** The keys of a token an assignment can ask for. */
export const tokenKeys: readonly string[] = matcher.keyof().options

function oneOrMany(check: (text: string) => void) {
  const value = pattern(check)
  return z.union([value, list(value)]).optional()
}
