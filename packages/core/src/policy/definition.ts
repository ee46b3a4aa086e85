/** One value or several, of which one has to match. */
export type OneOrMany = string | readonly string[]

/** A condition in CEL, such as `args.env in ["dev", "staging"]`; it needs the packages `@bufbuild/cel` and `@bufbuild/protobuf`. */
interface Conditional {
  readonly when?: string | undefined
}

/** A tool by its name or pattern, or an object that says more about it. */
export type ToolEntry = string | AllowedTool

interface AllowedTool extends ScopedEntry {
  /** The tool has a user interface (MCP Apps): the role may read every `ui://` resource of the server. */
  readonly ui?: true | undefined
}

interface NamedEntry extends Conditional {
  readonly name: string
}

interface Scoped {
  /** OAuth scopes the token has to carry, all of them; lacking one is answered with a challenge for more. */
  readonly scopes?: readonly string[] | undefined
}

interface ScopedEntry extends NamedEntry, Scoped {}

interface UriEntry extends Conditional {
  readonly uri: string
}

/** A prompt by its name or pattern, or an object that says more about it. */
export type PromptEntry = string | ScopedEntry

/** A resource by its URI or pattern, or an object that says more about it. */
export type ResourceEntry = string | (UriEntry & Scoped)

/** What a role may never do, whatever another role of the principal allows. */
export interface DenyDefinition {
  readonly tools?: readonly (string | NamedEntry)[] | undefined
  readonly prompts?: readonly (string | NamedEntry)[] | undefined
  readonly resources?: readonly (string | UriEntry)[] | undefined
  readonly methods?: readonly string[] | undefined
}

/** A named set of permissions. `R` is the union of the role names of the policy. */
export interface RoleDefinition<R extends string = string> {
  /** Roles whose allows and denies this role has too. */
  readonly extends?: readonly R[] | undefined
  readonly tools?: readonly ToolEntry[] | undefined
  readonly prompts?: readonly PromptEntry[] | undefined
  readonly resources?: readonly ResourceEntry[] | undefined
  /** Methods of extensions, such as `skills/list`: exact names, none of MCP's own. */
  readonly methods?: readonly string[] | undefined
  readonly deny?: DenyDefinition | undefined
}

/** What a claim of a token is compared with: a value, any of a list, or the same of the members of an object. */
export type ClaimMatcher =
  | string
  | number
  | boolean
  | readonly (string | number | boolean)[]
  | ClaimsMatcher

/** Claims by their names: every one has to match. A claim that is a list matches if any one element does. */
export interface ClaimsMatcher {
  readonly [claim: string]: ClaimMatcher
}

/** Access tokens: every key has to match, of a list any one value. */
export interface TokenMatcher {
  /** The `iss`, as in the option `oauth.issuers`. */
  readonly issuer?: OneOrMany | undefined
  /** Whom the token speaks for: a user, or an OAuth client itself. */
  readonly kind?: 'user' | 'client' | undefined
  /** The `sub` of a user; never of a client. */
  readonly subject?: OneOrMany | undefined
  /** The OAuth client it was issued to, for a user or for itself. */
  readonly client?: OneOrMany | undefined
  readonly scopes?: OneOrMany | undefined
  readonly claims?: ClaimsMatcher | undefined
}

/** Callers and the roles they get: every key has to match, of a list any one value. */
export interface AssignmentDefinition<R extends string = string> {
  readonly authority?: OneOrMany | undefined
  readonly spiffe?: OneOrMany | undefined
  readonly uri?: OneOrMany | undefined
  readonly dns?: OneOrMany | undefined
  readonly email?: OneOrMany | undefined
  readonly cn?: OneOrMany | undefined
  readonly ou?: OneOrMany | undefined
  readonly o?: OneOrMany | undefined
  readonly issuer?: OneOrMany | undefined
  readonly thumbprint?: OneOrMany | undefined
  /** Any certificate that was verified, in words. */
  readonly certificate?: 'any' | undefined
  readonly token?: 'any' | TokenMatcher | undefined
  /** Tells these callers in the result of a tool what else they need, and not in the status of the answer. */
  readonly challenge?: 'tool-result' | undefined
  readonly roles: readonly R[]
}

/** A policy as it is written. What it does not allow is denied. */
export interface PolicyDefinition<R extends string = string> {
  readonly version: 1
  readonly roles?: { readonly [Name in R]: RoleDefinition<NoInfer<R>> } | undefined
  readonly assignments?: readonly AssignmentDefinition<NoInfer<R>>[] | undefined
}
