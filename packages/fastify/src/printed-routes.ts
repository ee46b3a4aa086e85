/** One line of what `printRoutes({ includeHooks: true })` says: some methods of a route, and their hooks. */
interface PrintedRoute {
  readonly pattern: string
  readonly methods: string
  readonly hooks: string
}

// The tree names nodes of the router: `├── /m`, below it `│   └── cp (GET) {"host":"a.test"}`. What else is known
// of a node follows below it: `│   • (onRequest) ["name()"]`, or `│   cp (POST)` where methods differ in that.
const printedLine =
  /^(?<indent>(?:│ {3}| {4})*)(?<branch>[├└]── )?(?:• (?<hooks>.*)|(?<text>.*?)(?: \((?<methods>[A-Z, -]+)\).*)?)$/
const emptyRoot = '(empty root node)'

type Parts = Readonly<Partial<Record<string, string>>>

/** Reads the tree that Fastify prints, with each route's pattern put together from its nodes. */
export function readPrintedRoutes(tree: string): readonly PrintedRoute[] {
  const nodes: string[] = []
  const routes: { pattern: string; methods: string; hooks: string }[] = []
  for (const line of tree.split('\n')) {
    const parts: Parts = printedLine.exec(line)?.groups ?? {}
    const { hooks, methods } = parts
    enterNode(nodes, parts)
    const last = routes.at(-1)
    if (hooks !== undefined && last !== undefined) last.hooks += hooks
    else if (methods !== undefined) routes.push({ pattern: nodes.join(''), methods, hooks: '' })
  }
  return routes
}

/** Keeps the names of the nodes from the root to the one a line begins, if it begins one. */
function enterNode(nodes: string[], { branch, indent = '', text = '' }: Parts): void {
  if (branch === undefined) return
  nodes.length = indent.length / 4
  nodes.push(text === emptyRoot ? '' : text)
}
