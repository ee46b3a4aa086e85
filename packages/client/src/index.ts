export { MtlsClientError, type MtlsClientErrorCode } from './errors.js'
export { type MtlsFetch, type MtlsFetchOptions, mtlsFetch } from './mtls-fetch.js'
export type { PemSource } from './read-credentials.js'
