import {
  type CertificateAuthority,
  createCertificateAuthority,
  type IssuedCertificate,
} from '@mcp-mtls/authority'
import type { ClientCertificate } from './certificates.js'

/** The DNS name in the certificate of OpenAI's connectors. */
export const connectorName = 'mtls.prod.connectors.openai.com'

type ConnectorClient =
  | 'connector'
  | 'renewed'
  | 'sibling'
  | 'direct'
  | 'foreign'
  | 'wrongName'
  | 'wildcard'
  | 'serverOnly'
  | 'expired'

/** A stand-in for the hierarchy that ChatGPT's certificate comes from, and what is not that certificate. */
export interface ConnectorCertificates {
  /** PEM of the root. */
  readonly root: string
  /** PEM of the CA that signs the connectors' certificate. */
  readonly intermediate: string
  /**
   * `connector` and `renewed` are good. `sibling` and `direct` are signed by another CA of the same root,
   * and by the root; `foreign` by CAs of the same names elsewhere. The rest is wrong itself.
   */
  readonly clients: Readonly<Record<ConnectorClient, ClientCertificate>>
}

const day = 86_400_000

/** Issues the stand-in; `ca` is what its clients trust. */
export async function createConnectorCertificates(ca: string): Promise<ConnectorCertificates> {
  const { root, intermediate } = await createHierarchy()
  const sibling = await root.child({ name: 'OpenAI-Connectors-mTLS-CA stand-in' })
  const foreign = await createHierarchy()
  const present = ({ chain, key }: IssuedCertificate) => Object.freeze({ ca, cert: chain, key })
  const issue = async (
    issuer: CertificateAuthority,
    request: Partial<Parameters<CertificateAuthority['issue']>[0]> = {},
  ) => present(await issuer.issue({ usage: 'client', dns: [connectorName], ...request }))
  const past = { notBefore: new Date(Date.now() - 2 * day), notAfter: new Date(Date.now() - day) }
  return Object.freeze({
    root: root.certificate,
    intermediate: intermediate.certificate,
    clients: Object.freeze({
      connector: await issue(intermediate),
      renewed: await issue(intermediate),
      sibling: await issue(sibling),
      direct: await issue(root),
      foreign: await issue(foreign.intermediate),
      wrongName: await issue(intermediate, { dns: ['mtls.connectors.openai.com'] }),
      wildcard: await issue(intermediate, { dns: ['*.prod.connectors.openai.com'] }),
      serverOnly: await issue(intermediate, { usage: 'server' }),
      expired: await issue(intermediate, past),
    }),
  })
}

async function createHierarchy() {
  const root = await createCertificateAuthority({ name: 'OpenAI-Root-CA stand-in' })
  const intermediate = await root.child({ name: 'OpenAI-Connectors-mTLS-CA stand-in' })
  return { root, intermediate }
}
