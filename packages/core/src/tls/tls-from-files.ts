import type { TlsFileOptions } from './file-options.js'
import { createFileFeed, readConsistently } from './material-feed.js'
import { parseFileOptions } from './parse-file-options.js'
import { createTlsSource, type TlsSource } from './tls-source.js'

export type { TlsFileOptions } from './file-options.js'

/**
 * Makes a TLS source of PEM files, or PKCS#12, and follows them: a file that changes is read together with the
 * others, checked like the first time, and swapped into every attached server; with anything wrong the
 * last good state stays in force and the source says so. Open connections go on.
 *
 * Every client must present a certificate that an authority vouches for; the handshake refuses all
 * others, unless `clientCertificate` is `'request'`.
 *
 * Not checked: whether the host names in the server's certificate are the ones clients use; revocation,
 * unless `crl` or `denyList` is given.
 *
 * @throws {ConfigurationError} if an option is wrong, or `pkijs` is not installed and `pfx` is given
 * @throws {TlsMaterialError} if a file cannot be read or used; the message names it and says what to do
 */
export async function tlsFromFiles(options: TlsFileOptions): Promise<TlsSource> {
  const settings = parseFileOptions(options)
  const feed = createFileFeed(settings)
  try {
    const { material, version } = await readConsistently(feed)
    return createTlsSource(material, { feed, version, expiryLeads: settings.expiryLeads })
  } catch (error) {
    feed.close()
    throw error
  }
}
