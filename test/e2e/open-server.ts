import {
  type AuditEvent,
  type AuditEventType,
  type TlsFileOptions,
  tlsFromFiles,
} from '@mcp-mtls/core'
import { type AdapterSetup, createMcpFixture, type StartAdapter, until } from '@mcp-mtls/testing'
import { onTestFinished } from 'vitest'
import { startNode } from './adapters.js'

export interface ServerSetup {
  readonly files: TlsFileOptions
  /** `audit` replaces the record of events. */
  readonly options: Omit<AdapterSetup['options'], 'logger'>
  readonly start?: StartAdapter
  readonly http2?: boolean
  /** What stands behind the guard; default a server of SDK v1 that answers JSON. */
  readonly handle?: AdapterSetup['handle']
}

/** A guarded server that listens until the test ends, and what it recorded. */
export interface OpenServer {
  readonly url: string
  readonly events: readonly AuditEvent[]
  /** Tools that ran. */
  readonly calls: readonly string[]
  /** Waits for the first event of a type. */
  eventOf(type: AuditEventType): Promise<AuditEvent>
}

export async function openServer(setup: ServerSetup): Promise<OpenServer> {
  const tls = await tlsFromFiles(setup.files)
  const fixture = createMcpFixture('v1 stateless', 'JSON')
  const events: AuditEvent[] = []
  const running = await (setup.start ?? startNode)({
    tls,
    handle: setup.handle ?? fixture.handle,
    http2: setup.http2 ?? false,
    options: {
      audit: (event) => void events.push(event),
      ...setup.options,
      logger: { info() {}, warn() {}, error() {} },
    },
  })
  onTestFinished(async () => {
    await running.close()
    await tls.close()
    await fixture.close()
  })
  return {
    url: running.url,
    events,
    calls: fixture.calls,
    async eventOf(type) {
      const find = () => events.find((event) => event.type === type)
      await until(() => find() !== undefined)
      const event = find()
      if (event === undefined) throw new Error(`no event of type ${type}`)
      return event
    },
  }
}
