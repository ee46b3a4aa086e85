import { ConfigurationError } from '../errors.js'

/** The library that reads PKCS#12, which is installed only where there is such a file. */
export type Pkijs = typeof import('pkijs')

/** @throws {ConfigurationError} if it is not installed; the message has the command that installs it */
export async function loadPkijs(): Promise<Pkijs> {
  try {
    return await import('pkijs')
  } catch (cause) {
    throw new ConfigurationError(
      'tlsFromFiles: "pfx" needs the packages that read PKCS#12: run "npm install pkijs@^4.0.0 asn1js@^4.0.0"',
      { cause },
    )
  }
}
