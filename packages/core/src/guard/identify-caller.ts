import type { IncomingMessage } from 'node:http'
import { CertificateError, TokenError } from '../errors.js'
import type { PeerCertificate } from '../identity/peer-certificate.js'
import type { AccessToken } from '../oauth/access-token.js'
import type { Policy } from '../policy/policy.js'
import type { Principal } from '../policy/principal.js'
import type { GuardContext } from './context.js'
import { auditObserved, findObserved } from './observed-authority.js'
import { andThen, type Outcome } from './outcome.js'
import type { Tokens } from './tokens.js'

/** Who sent a request. */
export interface Caller {
  readonly principal: Principal
  /** Why the token was refused, where that is told to the caller in the result of its tool call. */
  readonly refusedToken?: TokenError
}

/**
 * Establishes who sent a request, by the credentials the option `oauth.require` asks for. A credential
 * that is presented and bad is never treated as absent; the certificate comes first, so that a peer
 * without one causes no work with tokens where one is required.
 *
 * @throws {CertificateError} if the connection gives no identity and has to
 * @throws {TokenError} if the token is missing and required, or refused
 * @throws {RequestError} if the token is sent in a wrong way, or cannot be verified now
 */
export function identifyCaller(
  context: GuardContext,
  req: IncomingMessage,
  policy: Policy,
): Outcome<Caller> {
  const { tokens, connections, principals } = context
  if (tokens === undefined) {
    return {
      principal: principals({ certificate: connections.certificate(req) }, policy),
    }
  }
  const presented = readPresented(context, req, tokens.require)
  const { certificate, observedAuthority, fault } = presented
  const pair = (token: AccessToken | undefined): Caller => {
    requireCredentials(tokens, presented, token)
    const named = tokens.require === 'token' ? undefined : certificate
    const principal = principals({ certificate: named, token, observedAuthority }, policy)
    if (fault !== undefined) auditObserved(context, { req, principal }, fault)
    return { principal }
  }
  return recover(
    () => andThen(tokens.read(req, presented), pair),
    (error) => toldInResult(context, { certificate, policy }, error),
  )
}

/** What a connection says of its peer; `fault`: why it is no certificate, where that is only observed. */
interface Presented {
  readonly certificate: PeerCertificate | undefined
  readonly observedAuthority?: string
  readonly fault?: CertificateError
}

/**
 * Reads the certificate. Where one authority's is only observed, whoever has no good one is taken for a
 * caller of that authority, by its token: no more is given to a wrong certificate than to none.
 */
function readPresented(
  context: GuardContext,
  req: IncomingMessage,
  require: Tokens['require'],
): Presented {
  const observedAuthority = require === 'token' ? undefined : findObserved(context.settings.tls)
  if (observedAuthority === undefined)
    return { certificate: certificateReaders[require](context, req) }
  try {
    return { certificate: context.connections.certificate(req) }
  } catch (error) {
    if (!(error instanceof CertificateError) || error.reason === 'no-tls') throw error
    return { certificate: undefined, observedAuthority, fault: error }
  }
}

type ReadCertificate = (context: GuardContext, req: IncomingMessage) => PeerCertificate | undefined

const certificateReaders: Readonly<Record<Tokens['require'], ReadCertificate>> = {
  both: ({ connections }, req) => connections.certificate(req),
  certificate: ({ connections }, req) => connections.certificate(req),
  either: ({ connections }, req) =>
    unless(
      () => connections.certificate(req),
      ({ reason }) => reason === 'no-certificate',
    ),
  // It is no credential here: a bad one is as good as none, and what is bound to it then fails.
  token: ({ connections }, req) =>
    unless(
      () => connections.certificate(req),
      ({ reason }) => reason !== 'no-tls',
    ),
}

function unless(
  read: () => PeerCertificate,
  isNothing: (error: CertificateError) => boolean,
): PeerCertificate | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof CertificateError && isNothing(error)) return undefined
    throw error
  }
}

function requireCredentials(
  { require }: Tokens,
  { certificate, fault }: Presented,
  token: AccessToken | undefined,
): void {
  if (token !== undefined) return
  if (fault !== undefined)
    throw new TokenError('missing', `no access token in place of the certificate: ${fault.message}`)
  if (require === 'certificate' || (require === 'either' && certificate !== undefined)) return
  throw new TokenError('missing', 'the request carries no access token')
}

/** A caller whose assignment says so is told of a bad token where it looks, once its tool call is read. */
function toldInResult(
  { principals, tokens }: GuardContext,
  { certificate, policy }: { certificate: PeerCertificate | undefined; policy: Policy },
  error: unknown,
): Caller {
  if (!(error instanceof TokenError) || tokens?.require !== 'certificate') throw error
  // Nobody known is there to be told.
  if (certificate === undefined) throw error
  // What is wrong with a proof is answered with the header that mends it.
  if (error.reason === 'proof' || error.reason === 'proof-nonce') throw error
  const principal = principals({ certificate }, policy)
  if (principal.challenge !== 'tool-result') throw error
  return { principal, refusedToken: error }
}

function recover<T>(attempt: () => Outcome<T>, mend: (error: unknown) => T): Outcome<T> {
  try {
    const outcome = attempt()
    return outcome instanceof Promise ? outcome.catch(mend) : outcome
  } catch (error) {
    return mend(error)
  }
}
