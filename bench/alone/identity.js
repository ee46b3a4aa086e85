import { X509Certificate } from 'node:crypto'
import { readPeerCertificate } from '@mcp-mtls/core'
import { summarize } from '../statistics.js'
import { callerCertificates, issueStrangers, toSocket } from './caller.js'
import { answerAlone, timeInTurn } from './timing.js'

// More than are remembered, so that each is new when its turn comes again.
const strangers = 512

/** What the first request of a connection costs beside Node's own work: the certificate read from its DER, and who vouches for it. */
answerAlone(async ({ rounds }) => {
  const { leaves, authority } = await issueStrangers(strangers)
  const other = (await callerCertificates()).authority
  let met = 0
  const stranger = () => {
    met += 1
    return toSocket(leaves[met % strangers])
  }
  const one = [{ name: 'default', anchors: [authority], trustDomains: [] }]
  const two = [...one, { name: 'partner', anchors: [other], trustDomains: [] }]
  const times = timeInTurn(
    {
      one: () => readPeerCertificate(stranger(), one),
      two: () => readPeerCertificate(stranger(), two),
      again: () => readPeerCertificate(toSocket(leaves[0]), one),
      node: () => new X509Certificate(leaves[0].raw).subjectAltName,
    },
    { rounds, milliseconds: 100 },
  )
  return {
    one: summarize(times.one),
    two: summarize(times.two),
    again: summarize(times.again),
    node: summarize(times.node),
  }
})
