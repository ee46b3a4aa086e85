import { createHash, randomUUID, X509Certificate } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

const issuer = 'https://as.acme.test'
const resource = 'https://mcp.acme.test/mcp'

/** An authorization server reduced to its key: the option `oauth` that trusts it, and the tokens it issues. */
export async function createIssuer() {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const key = { ...(await exportJWK(publicKey)), kid: 'demo', alg: 'ES256', use: 'sig' }
  return {
    oauth: { resource, issuers: [{ issuer, jwks: { keys: [key] } }], binding: 'required' },
    /** A token for a user, bound to the certificate of the client that asked for it (RFC 8705). */
    issue: (user, { cert }) =>
      new SignJWT({ client_id: 'demo-client', cnf: { 'x5t#S256': thumbprint(cert) } })
        .setProtectedHeader({ alg: 'ES256', kid: 'demo', typ: 'at+jwt' })
        .setIssuer(issuer)
        .setAudience(resource)
        .setSubject(user)
        .setJti(randomUUID())
        .setIssuedAt()
        .setExpirationTime('10m')
        .sign(privateKey),
  }
}

function thumbprint(cert) {
  return createHash('sha256').update(new X509Certificate(cert).raw).digest('base64url')
}

/** One agent, one certificate, and four things it may send beside it. */
export async function issueCredentials(issuer, { reader: certificate, operator }) {
  return {
    alice: { certificate, token: await issuer.issue('alice', certificate) },
    bob: { certificate, token: await issuer.issue('bob', certificate) },
    'no token': { certificate },
    'stolen token': { certificate, token: await issuer.issue('alice', operator) },
  }
}
