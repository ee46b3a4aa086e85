/** The arguments of a call, as they stand in its body. */
type Arguments = Readonly<Record<string, unknown>>

/** One thing a JSON-RPC message asks for, as a policy sees it. */
export type Operation =
  /** `tools/call`. Without `args` nothing is called: an element of a list, or a task the tool made. */
  | { readonly kind: 'tool'; readonly name: string; readonly args: Arguments | undefined }
  /** `prompts/get`. Without `args` an element of a list, or completion of a prompt's arguments. */
  | { readonly kind: 'prompt'; readonly name: string; readonly args: Arguments | undefined }
  /** `resources/read`, `resources/subscribe`, `resources/unsubscribe`, a URI of `subscriptions/listen`, completion of a resource. */
  | { readonly kind: 'resource'; readonly uri: string }
  /** A `resources/templates/list` element or a template named by completion: the raw RFC 6570 text. */
  | { readonly kind: 'template'; readonly uriTemplate: string }
  /** A task named by its sealed id. No policy allows it: the guard puts the tool that made the task in its place, if it is the caller's. */
  | { readonly kind: 'task'; readonly taskId: string }
  /** Needs a role but no permission: handshake, lists (filtered in the answer), known notifications, posted responses. */
  | { readonly kind: 'lifecycle'; readonly method: string }
  /** A method this library does not read: an extension's, or one that does not exist in its era and form. */
  | { readonly kind: 'method'; readonly method: string }
