/** One value or several, of which one has to match. */
export type OneOrMany = string | readonly string[]

/** A condition in CEL, such as `args.env in ["dev", "staging"]`; it needs the packages `@bufbuild/cel` and `@bufbuild/protobuf`. */
interface Conditional {
  readonly when?: string | undefined
}

/** A tool by its name or pattern, or an object that says more about it. */
export type ToolEntry = string | AllowedTool

interface AllowedTool extends NamedEntry {
  /** The tool has a user interface (MCP Apps): the role may read every `ui://` resource of the server. */
  readonly ui?: true | undefined
}

interface NamedEntry extends Conditional {
  readonly name: string
}

/** A prompt by its name or pattern, or with a condition. */
export type PromptEntry = string | NamedEntry

/** A resource by its URI or pattern, or with a condition. */
export type ResourceEntry = string | ({ readonly uri: string } & Conditional)

/** What a role may never do, whatever another role of the principal allows. */
export interface DenyDefinition {
  readonly tools?: readonly (string | NamedEntry)[] | undefined
  readonly prompts?: readonly PromptEntry[] | undefined
  readonly resources?: readonly ResourceEntry[] | undefined
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

/** Certificates and the roles they get: every key has to match, of a list any one value. */
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
  readonly roles: readonly R[]
}

/** A policy as it is written. What it does not allow is denied. */
export interface PolicyDefinition<R extends string = string> {
  readonly version: 1
  readonly roles?: { readonly [Name in R]: RoleDefinition<NoInfer<R>> } | undefined
  readonly assignments?: readonly AssignmentDefinition<NoInfer<R>>[] | undefined
}
