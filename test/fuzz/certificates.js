import { X509Certificate } from 'node:crypto'
import { createCertificateAuthority } from '@mcp-mtls/authority'
import { contentOf, readTree, writeTree } from './der-tree.js'

const validity = { notBefore: new Date('2026-01-01'), notAfter: new Date('2049-01-01') }
const bytesOf = (hex) => Buffer.from(hex, 'hex')

const shapes = [
  { uri: ['spiffe://acme.test/agents/reader'] },
  { cn: 'reader', dns: ['reader.acme.test', '*.acme.test'], email: ['reader@acme.test'] },
  { subject: 'CN=reader, OU=agents, O=Acme, C=DE', uri: ['https://acme.test/a?b=c', 'urn:x:y'] },
  { cn: 'Größe, "quoted" + more', ip: ['127.0.0.1', '::1'], dns: ['a.test'] },
  { cn: 'only a common name' },
  { uri: ['spiffe://acme.test/ops/deployer'], dns: ['deployer.test'], algorithm: 'ec-p384' },
  { cn: 'edwards', dns: ['ed.test'], algorithm: 'ed25519' },
  { cn: 'rsa', dns: ['rsa.test'], algorithm: 'rsa-2048' },
  {
    cn: 'with another extension',
    dns: ['other.test'],
    extensions: [{ oid: '1.3.6.1.4.1.55555.1', value: bytesOf('0c03616263') }],
  },
  { dns: Array.from({ length: 90 }, (_, index) => `host-${index}.acme.test`) },
]

/**
 * Client certificates of several shapes, as DER. Nothing here looks at signatures or keys, so what is
 * random in a certificate is made constant, and the same seed gives the same inputs.
 */
export async function createCertificates() {
  const ca = await createCertificateAuthority({ name: 'fuzz', ...validity })
  const issue = async (shape) => {
    const { certificate } = await ca.issue({ usage: 'client', ...validity, ...shape })
    return withoutChance(new X509Certificate(certificate).raw)
  }
  return await Promise.all(shapes.map(issue))
}

const subjectKeyIdentifier = '0603551d0e'
const authorityKeyIdentifier = '0603551d23'
const rsaEncryption = '06092a864886f70d010101'

function withoutChance(der) {
  const [certificate] = readTree(der)
  const [tbs, , signature] = certificate.children
  setContent(signature, Buffer.concat([bytesOf('00'), Buffer.alloc(64, 0x11)]))
  setContent(tbs.children[1], bytesOf('5a0102030405060708'))
  settleKey(...tbs.children[6].children)
  for (const { children } of tbs.children.at(-1).children[0].children) {
    const [inner] = children.at(-1).children
    const id = toHex(children[0])
    if (id === subjectKeyIdentifier) setContent(inner, Buffer.alloc(20, 0x22))
    if (id === authorityKeyIdentifier) setContent(inner.children[0], Buffer.alloc(20, 0x22))
  }
  return writeTree([certificate])
}

/** A fixed modulus, or fixed bytes in place of a point. */
function settleKey(algorithm, key) {
  if (toHex(algorithm.children[0]) === rsaEncryption) {
    const [modulus] = key.children[0].children
    setContent(modulus, Buffer.concat([bytesOf('00'), Buffer.alloc(256, 0xc5)]))
    return
  }
  const start = algorithm.children.length > 1 ? '0004' : '00'
  const rest = contentOf(key).length - start.length / 2
  setContent(key, Buffer.concat([bytesOf(start), Buffer.alloc(rest, 0x33)]))
}

function toHex(node) {
  return writeTree([node]).toString('hex')
}

function setContent(node, content) {
  node.content = content
  delete node.children
  delete node.prefix
}
