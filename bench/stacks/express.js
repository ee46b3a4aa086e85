import { mcpMtls } from '@mcp-mtls/express'
import clientCertificateAuth from 'client-certificate-auth'
import express from 'express'
import { clientId } from '../certificates.js'
import { respond } from '../work.js'

/** Express; unguarded `express.json()` reads the body. */
export async function serveExpress({ tls, work, options }) {
  const app = express()
  const guard = options === undefined ? undefined : mcpMtls({ ...options, tls })
  await guard?.ready()
  app.post('/mcp', guard ?? express.json(), (req, res) => respond(res, work, req.body))
  return tls.createServer(app)
}

/** The npm package that only compares the peer certificate, and `express.json()`. */
export async function serveCertificateAuth({ tls, work }) {
  const app = express()
  const isCaller = (certificate) => certificate.subjectaltname === `URI:${clientId}`
  app.post('/mcp', clientCertificateAuth(isCaller), express.json(), (req, res) =>
    respond(res, work, req.body),
  )
  return tls.createServer(app)
}
