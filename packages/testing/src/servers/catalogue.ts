/** What every server of the tests offers, whatever SDK it is built with. */
export const catalogue: Readonly<
  Record<'tools' | 'prompts' | 'resources' | 'templates', readonly string[]>
> = Object.freeze({
  tools: ['search', 'docs.read', 'docs.purge', 'deploy'],
  prompts: ['greet', 'secret-brief'],
  resources: ['file:///public/readme', 'file:///private/keys'],
  templates: ['file:///public/{name}', 'file:///private/{name}'],
})

/** How a server answers: with one JSON body or as server-sent events. */
export type ResponseMode = 'JSON' | 'SSE'

interface Caller {
  readonly clientId: string
}

/** The text of every answer: what ran, who the SDK says is calling, and what was asked for. */
export function describeCall(name: string, caller: Caller | undefined, query?: string): string {
  const what = query === undefined ? '' : `: ${query}`
  return `${name} for ${caller?.clientId ?? 'nobody'}${what}`
}
