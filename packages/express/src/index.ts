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
export { type McpMtls, type McpMtlsOptions, mcpMtls } from './mcp-mtls.js'
