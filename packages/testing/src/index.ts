export type { AdapterSetup, NodeMcpHandler, RunningAdapter, StartAdapter } from './adapter.js'
export { collideIds, replayList } from './attacks.js'
export {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  type EndpointAnswer,
  type EndpointRequest,
  startAuthorizationServer,
} from './authorization/authorization-server.js'
export { clientMetadata, redirectUrl } from './authorization/client-store.js'
export type { Misbehaviour } from './authorization/misbehaviour.js'
export type { Resource } from './authorization/provider-configuration.js'
export type { ServerCertificates } from './authorization/serve-https.js'
export {
  connectSigningIn,
  type SignInClient,
  type SignInClientOptions,
} from './authorization/sign-in-clients.js'
export {
  startTokenIssuer,
  type TokenIssuer,
  type TokenIssuerOptions,
  type TokenRequest,
} from './authorization/token-issuer.js'
export {
  type ClientCertificate,
  type ClientCredentials,
  type ClientName,
  createTestCertificates,
  type ServerFiles,
  spiffeIds,
  type TestCertificates,
} from './certificates.js'
export {
  legacyPost,
  type Message,
  message,
  modernPost,
  postHeaders,
  toolCall,
} from './clients/messages.js'
export { rawExchange } from './clients/raw-exchange.js'
export {
  type RawHttp2Request,
  type RawHttp2Response,
  rawHttp2Request,
} from './clients/raw-http2-request.js'
export { type RawRequest, type RawResponse, rawRequest } from './clients/raw-request.js'
export { openRawSession } from './clients/raw-session.js'
export { openRawStream, type RawStream, type RawStreamRequest } from './clients/raw-stream.js'
export { thumbprintOf } from './clients/thumbprint-of.js'
export { type ClientLine, connect, type McpClient, type ToolAnswer } from './clients.js'
export {
  type ConnectorCertificates,
  connectorName,
  createConnectorCertificates,
} from './connector-certificates.js'
export { policyText, principalNames, writePolicy } from './policy.js'
export { catalogue, type ResponseMode } from './servers/catalogue.js'
export { createEventStore } from './servers/event-store.js'
export type { Gate } from './servers/gate.js'
export type { McpFixture, StatefulFixture } from './servers/mcp-fixture.js'
export { createSessions } from './servers/sessions.js'
export { createV1Sse } from './servers/v1-sse.js'
export { createV1Stateful } from './servers/v1-stateful.js'
export { createV2Stateful } from './servers/v2-stateful.js'
export { combinations, createMcpFixture, type ServerKind } from './servers.js'
export { parseQuery, serveUnguarded } from './unguarded.js'
export { until } from './until.js'
