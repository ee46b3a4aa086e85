import type { NodeMcpHandler } from '../adapter.js'
import type { Gate } from './gate.js'

/** An MCP server that notes what it ran. */
export interface McpFixture {
  readonly handle: NodeMcpHandler
  /** Tools, prompts and resource URIs whose handler ran, in order. */
  readonly calls: string[]
  close(): Promise<void>
}

/** A server that speaks unasked on the streams its clients hold open. */
export interface SpeakingFixture extends McpFixture {
  /** Sends `notifications/resources/updated` to every session or subscription. */
  notifyResourceUpdated(uri: string): Promise<void>
}

/** A server with sessions, whose messages can be held. */
export interface StatefulFixture extends SpeakingFixture {
  readonly gate: Gate
  /** Asks the client of every session for its roots, on the streams they hold open; resolves to the answers' URIs. */
  askForRoots(): Promise<readonly string[]>
}
