import type { GuardOptions } from '@mcp-mtls/core'
import { createMcpFixture } from '@mcp-mtls/testing'
import { onTestFinished } from 'vitest'
import { type OpenServer, openServer, type ServerSetup } from './open-server.js'
import { createRelay } from './relay.js'

type OAuthOptions = NonNullable<GuardOptions['oauth']>

export interface ResourceSetup extends ServerSetup {
  /** The option, once the URL of the server is known. */
  readonly oauth: (resource: string) => OAuthOptions
}

/** A guarded server that is a protected resource under its own URL; listens until the test ends. */
export async function openResource({ oauth, ...setup }: ResourceSetup): Promise<OpenServer> {
  const relay = await createRelay()
  onTestFinished(() => relay.close())
  const url = `${relay.origin}/mcp`
  const server = await openServer({ ...setup, options: { ...setup.options, oauth: oauth(url) } })
  relay.connectTo(server.url)
  return { ...server, url }
}

/** A server that speaks both eras of the protocol, for `handle`; closed when the test ends. */
export function modernHandler(): NonNullable<ServerSetup['handle']> {
  const fixture = createMcpFixture('v2 handler', 'JSON')
  onTestFinished(() => fixture.close())
  return fixture.handle
}
