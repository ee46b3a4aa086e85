export { ConfigurationError, MtlsError, TlsMaterialError } from '../errors.js'
export {
  type AcceptedWeakness,
  type ContextForgeChoices,
  fromContextForgeSettings,
} from './context-forge-settings.js'
export type {
  AuthorityFiles,
  ClientCertificateMode,
  MinimumVersion,
  TlsFileOptions,
} from './file-options.js'
export type { HandshakeRefusal } from './handshake-refusal.js'
export {
  type OpenaiConnectors,
  type OpenaiConnectorsOptions,
  openaiConnectors,
} from './openai-connectors.js'
export type { FileLocation } from './parse-location.js'
export { tlsFromFiles } from './tls-from-files.js'
export type {
  ExpiryNotice,
  Revocation,
  TlsConnection,
  TlsSource,
  TlsStatus,
  TlsUpdate,
} from './tls-source.js'
