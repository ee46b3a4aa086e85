export { ConfigurationError, MtlsError, TlsMaterialError } from '../errors.js'
export type {
  AuthorityFiles,
  MinimumVersion,
  TlsFileOptions,
} from './file-options.js'
export type { HandshakeRefusal } from './handshake-refusal.js'
export type { FileLocation } from './parse-location.js'
export { tlsFromFiles } from './tls-from-files.js'
export type { TlsSource } from './tls-source.js'
