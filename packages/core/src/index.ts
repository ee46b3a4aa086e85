export type { AuditEffect, AuditEvent, AuditEventType } from './audit/event.js'
export type { AuditSink, Logger } from './audit/sinks.js'
export {
  CertificateError,
  type CertificateRefusal,
  ConfigurationError,
  MtlsError,
  type MtlsErrorCode,
  PolicyError,
  type PolicyIssue,
  RequestError,
  TlsMaterialError,
  TokenError,
  type TokenRefusal,
} from './errors.js'
export { type AuthInfo, principalOf } from './guard/auth-info.js'
export type { Call } from './guard/context.js'
export { correctQuery } from './guard/correct-query.js'
export { createGuard, type Guard } from './guard/create-guard.js'
export type { Health, HealthOptions } from './guard/health.js'
export type { AuthorizeQuestion, BodyLimits, GuardOptions } from './guard/options.js'
export type { GuardedListener, ProtectedHandler } from './guard/protect.js'
export type { Authority } from './identity/authority.js'
export type { Identity, IdentityKind } from './identity/identify.js'
export type {
  DistinguishedName,
  PeerCertificate,
  SubjectAlternativeNames,
} from './identity/peer-certificate.js'
export { readPeerCertificate } from './identity/read-peer-certificate.js'
export { parseSpiffeId, type SpiffeId } from './identity/spiffe-id.js'
export type { Operation } from './mcp/operation.js'
export type { AccessToken, TokenBinding } from './oauth/access-token.js'
export type {
  ClientMapping,
  Fetch,
  IntrospectionOptions,
  IssuerOptions,
  OAuthOptions,
  TokenProfile,
  TokenVerifier,
} from './oauth/options.js'
export { decide, permits } from './policy/decide.js'
export type { Decision, DenyReason } from './policy/decision.js'
export { definePolicy } from './policy/define.js'
export type {
  AssignmentDefinition,
  ClaimMatcher,
  ClaimsMatcher,
  DenyDefinition,
  PolicyDefinition,
  PromptEntry,
  ResourceEntry,
  RoleDefinition,
  TokenMatcher,
  ToolEntry,
} from './policy/definition.js'
export { loadPolicy } from './policy/load.js'
export type { Policy } from './policy/policy.js'
export type { Principal } from './policy/principal.js'
export {
  type AcceptedWeakness,
  type ContextForgeChoices,
  fromContextForgeSettings,
} from './tls/context-forge-settings.js'
export type { ClientCertificateMode } from './tls/file-options.js'
export {
  type OpenaiConnectors,
  type OpenaiConnectorsOptions,
  openaiConnectors,
} from './tls/openai-connectors.js'
export { type TlsFileOptions, tlsFromFiles } from './tls/tls-from-files.js'
export type {
  ExpiryNotice,
  HandshakeRefusal,
  Revocation,
  TlsChange,
  TlsConnection,
  TlsSource,
  TlsStatus,
  TlsUpdate,
} from './tls/tls-source.js'
