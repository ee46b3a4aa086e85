export {
  type AuditEvent,
  type AuditSink,
  definePolicy,
  type Logger,
  MtlsError,
  openaiConnectors,
  type Policy,
  type Principal,
  principalOf,
  type TlsFileOptions,
  type TlsSource,
  tlsFromFiles,
} from '@mcp-mtls/core'
export { mcpMtls, mcpMtls as default } from './mcp-mtls.js'
export type { McpMtlsOptions } from './paths.js'
