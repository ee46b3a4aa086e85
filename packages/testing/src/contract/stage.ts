import { type AuditEvent, type TlsSource, tlsFromFiles } from '@mcp-mtls/core'
import type { AdapterSetup, NodeMcpHandler, RunningAdapter, StartAdapter } from '../adapter.js'
import { createTestCertificates, type TestCertificates } from '../certificates.js'
import { writePolicy } from '../policy.js'
import type { ResponseMode } from '../servers/catalogue.js'
import type { McpFixture, StatefulFixture } from '../servers/mcp-fixture.js'
import { createV1Stateful } from '../servers/v1-stateful.js'
import { createV2Stateful } from '../servers/v2-stateful.js'
import { createMcpFixture, type ServerKind } from '../servers.js'

/** A guarded server under test and what it recorded. */
export interface Scene {
  readonly url: string
  readonly events: readonly AuditEvent[]
  /** How many requests got past the guard. */
  reached(): number
  /** Stops the adapter first, then what it was given. */
  stop(): Promise<void>
}

interface SceneSetup {
  /** What stands behind the guard. */
  readonly fixture: Pick<McpFixture, 'handle' | 'close'>
  readonly limits?: NonNullable<AdapterSetup['options']['limits']>
  /** Further options of the guard, or others in place of the stage's own. */
  readonly options?: Partial<AdapterSetup['options']>
  readonly paths?: readonly string[]
  readonly http2?: boolean
  /** Let peers without a certificate in; default: the handshake refuses them. */
  readonly clientCertificate?: 'request'
}

/** What all scenarios of a contract share: certificates, a policy file and the adapter's `start`. */
export interface Stage {
  /** Issues the certificates and writes the policy. */
  prepare(): Promise<void>
  clear(): Promise<void>
  readonly certificates: TestCertificates
  open(setup: SceneSetup): Promise<Scene>
  /** Opens a scene, plays it and stops it whatever happens. */
  play(setup: SceneSetup, act: (scene: Scene) => Promise<void>): Promise<void>
}

export function createStage(start: StartAdapter): Stage {
  let prepared: { certificates: TestCertificates; policy: string } | undefined
  const properties = () => {
    if (prepared === undefined) throw new Error('the stage is not prepared')
    return prepared
  }
  const open = async (setup: SceneSetup) => openScene(start, { ...setup, ...properties() })
  return {
    async prepare() {
      const certificates = await createTestCertificates()
      prepared = { certificates, policy: await writePolicy(certificates.directory) }
    },
    clear: () => properties().certificates.remove(),
    get certificates() {
      return properties().certificates
    },
    open,
    async play(setup, act) {
      const scene = await open(setup)
      try {
        await act(scene)
      } finally {
        await scene.stop()
      }
    },
  }
}

/** The two transports that keep sessions. */
export const stateful: readonly {
  readonly kind: ServerKind
  readonly create: (mode: ResponseMode) => StatefulFixture
}[] = [
  { kind: 'v1 stateful', create: createV1Stateful },
  { kind: 'v2 transport', create: createV2Stateful },
]

/** A server of SDK v1 without sessions, for scenarios of the legacy era. */
export function legacyServer(): McpFixture {
  return createMcpFixture('v1 stateless', 'JSON')
}

/** A server that speaks the modern revision too. */
export function modernServer(): McpFixture {
  return createMcpFixture('v2 handler', 'JSON')
}

type Properties = SceneSetup & {
  readonly certificates: TestCertificates
  readonly policy: string
}

async function openScene(start: StartAdapter, properties: Properties): Promise<Scene> {
  const { fixture, limits, paths, http2 = false, clientCertificate = 'required' } = properties
  const tls = await tlsFromFiles({ ...properties.certificates.files, clientCertificate })
  const events: AuditEvent[] = []
  const counted = countRequests(fixture.handle)
  const starting = start({
    tls,
    handle: counted.handle,
    http2,
    ...(paths && { paths }),
    options: {
      policy: properties.policy,
      audit: (event) => {
        events.push(event)
      },
      logger: { info() {}, warn() {}, error() {} },
      ...(limits && { limits }),
      ...properties.options,
    },
  })
  const running = await starting.catch(async (error: unknown) => {
    await tls.close()
    throw error
  })
  return {
    url: running.url,
    events,
    reached: counted.count,
    stop: () => stopScene(running, tls, fixture),
  }
}

async function stopScene(
  running: RunningAdapter,
  tls: TlsSource,
  fixture: SceneSetup['fixture'],
): Promise<void> {
  await running.close()
  await tls.close()
  await fixture.close()
}

function countRequests(handle: NodeMcpHandler): { handle: NodeMcpHandler; count(): number } {
  let requests = 0
  return {
    count: () => requests,
    handle: (req, res, body, query) => {
      requests += 1
      return handle(req, res, body, query)
    },
  }
}
