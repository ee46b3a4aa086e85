import { nameCertificate } from './certificate-facts.js'
import type { TlsMaterial } from './tls-material.js'

/** Says in one line what a server runs on. */
export function describeMaterial(material: TlsMaterial): string {
  const [leaf] = material.certificates
  const own = leaf === undefined ? '' : ` (${nameCertificate(leaf)}, until ${leaf.validTo})`
  const authorities = material.authorities.map(
    ({ name, origin, anchors }) => `${name} (${origin}, ${anchors.length} CA)`,
  )
  const asked =
    material.clientCertificate === 'request' ? '; client certificates requested only' : ''
  return `certificate ${material.origin.certificate}${own}; authorities ${authorities.join(', ')}; from ${material.minVersion}${asked}`
}
