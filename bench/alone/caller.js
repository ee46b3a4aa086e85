import { X509Certificate } from 'node:crypto'
import { createCertificateAuthority } from '@mcp-mtls/authority'
import { readPeerCertificate } from '@mcp-mtls/core'
// Not public: what a guard does once a connection.
import { createPrincipal } from '../../packages/core/dist/policy/principal.js'
import { createBenchCertificates } from '../certificates.js'

const kinds = ['spiffe', 'uri', 'dns']

/** The parts of a TLS socket that are read. */
export function toSocket(certificate) {
  return {
    encrypted: true,
    authorized: true,
    authorizationError: null,
    getProtocol: () => 'TLSv1.3',
    getPeerX509Certificate: () => certificate,
  }
}

/** The bytes of the caller's certificate and of the CA's. */
export async function callerCertificates() {
  const { client, remove } = await createBenchCertificates()
  await remove()
  return { leaf: new X509Certificate(client.cert), authority: new X509Certificate(client.ca) }
}

/** The certificates of `count` others of the same CA. */
export async function issueStrangers(count) {
  const ca = await createCertificateAuthority({ name: 'Bench CA' })
  const leaves = []
  for (let index = 0; index < count; index += 1) {
    const uri = [`spiffe://acme.test/agents/stranger-${index}`]
    const { certificate } = await ca.issue({ usage: 'client', cn: `stranger ${index}`, uri })
    leaves.push(new X509Certificate(certificate))
  }
  return { leaves, authority: new X509Certificate(ca.certificate) }
}

/** The principal of the caller under a policy. */
export async function benchPrincipal(policy) {
  return (await createCallerReader(policy))()
}

/** What finds the caller's name and roles under a policy. */
export async function createCallerReader(policy) {
  const { leaf, authority } = await callerCertificates()
  const authorities = [{ name: 'default', anchors: [authority], trustDomains: [] }]
  const certificate = readPeerCertificate(toSocket(leaf), authorities)
  return () => createPrincipal(policy, { certificate }, kinds)
}
