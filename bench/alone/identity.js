import { X509Certificate } from 'node:crypto'
import { readPeerCertificate } from '@mcp-mtls/core'
import { summarize } from '../statistics.js'
import { callerCertificates, toSocket } from './caller.js'
import { answerAlone, timeInTurn } from './timing.js'

/** What the first request of a connection costs: the certificate read from its DER, and who vouches for it. */
answerAlone(async ({ rounds }) => {
  const { leaf, authority } = await callerCertificates()
  const other = (await callerCertificates()).authority
  const one = [{ name: 'default', anchors: [authority], trustDomains: [] }]
  const two = [...one, { name: 'partner', anchors: [other], trustDomains: [] }]
  const times = timeInTurn(
    {
      one: () => readPeerCertificate(toSocket(leaf.raw), one),
      two: () => readPeerCertificate(toSocket(leaf.raw), two),
      node: () => new X509Certificate(leaf.raw).subjectAltName,
    },
    { rounds, milliseconds: 100 },
  )
  return {
    one: summarize(times.one),
    two: summarize(times.two),
    node: summarize(times.node),
  }
})
