import type { ClientLine } from './clients.js'
import type { ResponseMode } from './servers/catalogue.js'
import type { McpFixture } from './servers/mcp-fixture.js'
import { createV1Stateful } from './servers/v1-stateful.js'
import { createV1Stateless } from './servers/v1-stateless.js'
import { createV2Handler } from './servers/v2-handler.js'
import { createV2Stateful } from './servers/v2-stateful.js'

/** The four ways in which the SDKs serve Streamable HTTP on Node. */
export type ServerKind = 'v1 stateful' | 'v1 stateless' | 'v2 transport' | 'v2 handler'

const makers: Readonly<Record<ServerKind, (mode: ResponseMode) => McpFixture>> = Object.freeze({
  'v1 stateful': createV1Stateful,
  'v1 stateless': createV1Stateless,
  'v2 transport': createV2Stateful,
  'v2 handler': createV2Handler,
})

/** A new server of a kind, not yet listening. */
export function createMcpFixture(kind: ServerKind, mode: ResponseMode): McpFixture {
  return makers[kind](mode)
}

const legacyLines: readonly ClientLine[] = ['v1', 'v2-legacy']

/** Every kind of server, in both response modes, with the client lines it understands. */
export const combinations: readonly {
  readonly kind: ServerKind
  readonly mode: ResponseMode
  readonly lines: readonly ClientLine[]
}[] = Object.freeze(
  (['v1 stateful', 'v1 stateless', 'v2 transport', 'v2 handler'] as const).flatMap((kind) =>
    (['JSON', 'SSE'] as const).map((mode) => ({
      kind,
      mode,
      lines: kind === 'v2 handler' ? [...legacyLines, 'v2-modern' as const] : legacyLines,
    })),
  ),
)
