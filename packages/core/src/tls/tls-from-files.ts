import { parseFileOptions, type TlsFileOptions } from './file-options.js'
import { readMaterial } from './read-material.js'
import { createTlsSource, type TlsSource } from './tls-source.js'

export type { TlsFileOptions } from './file-options.js'

/**
 * Makes a TLS source of PEM files. Every client must present a certificate that an authority vouches
 * for; the handshake refuses all others. The files are read and checked whole before anything is
 * made, and not read again.
 *
 * Not checked: revocation; whether the host names in the server's certificate are the ones clients use.
 *
 * @throws {ConfigurationError} if an option is wrong
 * @throws {TlsMaterialError} if a file cannot be read or used; the message names it and says what to do
 */
export async function tlsFromFiles(options: TlsFileOptions): Promise<TlsSource> {
  return createTlsSource(await readMaterial(parseFileOptions(options)))
}
