import { createHash, generateKeyPairSync, randomUUID, sign, X509Certificate } from 'node:crypto'

const issuer = 'https://login.acme.test'
const resource = 'https://localhost/mcp'

/**
 * An access token of RFC 9068 that is bound to the certificate of the load (RFC 8705), and what a server
 * has to be told to verify it: the key set itself, so that no row waits for a network.
 */
export function createBenchToken({ cert }) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const header = { alg: 'ES256', typ: 'at+jwt', kid: 'bench' }
  const input = `${encode(header)}.${encode(claimsOf(new X509Certificate(cert)))}`
  const signature = sign('sha256', Buffer.from(input), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  })
  const jwk = { ...publicKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'bench' }
  return {
    headers: { authorization: `Bearer ${input}.${signature.toString('base64url')}` },
    oauth: { issuer, resource, jwks: { keys: [jwk] } },
  }
}

function claimsOf({ raw }) {
  const seconds = Math.floor(Date.now() / 1000)
  return {
    iss: issuer,
    aud: resource,
    sub: 'alice',
    client_id: 'bench',
    scope: 'tools',
    jti: randomUUID(),
    iat: seconds,
    exp: seconds + 3600,
    cnf: { 'x5t#S256': createHash('sha256').update(raw).digest('base64url') },
  }
}

function encode(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
