import type { PeerCertificate } from '../identity/peer-certificate.js'
import type { Operation } from '../mcp/operation.js'
import type { AccessToken } from '../oauth/access-token.js'
import type { Principal } from './principal.js'

/** What a policy is asked, as its conditions see it. */
export interface Question {
  readonly principal: Principal
  readonly operation: Operation
  /** A form of the URI the operation names, none where it names a template. Each form is a question. */
  readonly uri?: string
  /** Conditions of allow entries count as met: to find out what an explanation can name. */
  readonly assumed?: true
  /** A token is about to be asked for, so that nothing is known of it. */
  readonly awaitsToken?: true
}

/**
 * The value a variable of a condition has; undefined if it is not known yet, as the arguments are where
 * things are listed and the URI is in a template. Of a credential that was not presented it has nothing.
 */
export function readVariable(name: string, question: Question): unknown {
  const { principal, operation } = question
  switch (name) {
    case 'principal':
      return {
        name: principal.name,
        identity: principal.identity ?? {},
        roles: principal.roles,
      }
    case 'certificate':
      return principal.certificate ? describeCertificate(principal.certificate) : {}
    case 'token':
      // Not unknown where none was presented: a condition on a token is not met without one.
      return question.awaitsToken ? undefined : describeToken(principal.token)
    case 'args':
      return 'args' in operation ? operation.args : undefined
    case 'tool':
    case 'prompt':
      return operation.kind === name ? operation.name : undefined
    case 'uri':
      return question.uri
    default:
      return undefined
  }
}

function describeToken(token: AccessToken | undefined): Readonly<Record<string, unknown>> {
  if (token === undefined) return {}
  const { issuer, kind, subject, clientId, scopes, claims } = token
  return { issuer, kind, subject, client: clientId, scopes, claims }
}

function describeCertificate(certificate: PeerCertificate): Readonly<Record<string, unknown>> {
  const { thumbprint, spiffeId, names, subject, issuer, authority } = certificate
  return {
    thumbprint,
    ...(spiffeId && { spiffe: spiffeId.text }),
    uri: names.uri,
    dns: names.dns,
    email: names.email,
    cn: subject.commonNames,
    o: subject.organizations,
    ou: subject.organizationalUnits,
    issuer: issuer.text,
    authority,
  }
}
