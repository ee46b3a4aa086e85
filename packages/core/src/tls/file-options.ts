import type { OnStaleCrl } from './crl-coverage.js'
import type { CrlLocation, CrlPlace } from './crl-location.js'
import type { ExpiryLead } from './expiry.js'
import type { FileLocation } from './parse-location.js'
import type { Passphrase } from './parse-private-key.js'

/** The lowest TLS version a server speaks. */
export type MinimumVersion = 'TLSv1.3' | 'TLSv1.2'

/**
 * What a listener wants of its clients: `'required'` refuses one without a verified certificate in the
 * handshake; `'request'` lets it connect as nobody, and what it may reach is for the guard to say.
 */
export type ClientCertificateMode = 'required' | 'request'

/** The CA files of one authority. */
export interface AuthorityFiles {
  /** One PEM file or several; all of them together are the authority's trust anchors. */
  readonly ca: FileLocation | readonly FileLocation[]
  /**
   * Certificate revocation lists: files, or http(s) URLs that are asked again before the list is stale.
   * Every CA certificate of the authority needs one.
   */
  readonly crl?: CrlLocation | readonly CrlLocation[]
  /** SPIFFE trust domains that this authority, and no other, may vouch for. */
  readonly trustDomains?: readonly string[]
  /**
   * One PEM file or several with intermediate CA certificates, one of which must have signed the client's
   * own certificate: no other CA below the same root will do. They need not be in `ca`, their root must.
   */
  readonly issuedBy?: FileLocation | readonly FileLocation[]
  /** The DNS name a client's certificate must carry, exactly; of a list any one. */
  readonly dns?: string | readonly string[]
  /** Clients are asked for access tokens in the results of tool calls, as in an assignment's `challenge`. */
  readonly challenge?: 'tool-result'
}

interface PemPair {
  /** PEM file: the server's own certificate first, then the intermediates that clients need. */
  readonly cert: FileLocation
  /** PEM file: the private key of the certificate. */
  readonly key: FileLocation
  /** For an encrypted key: text, or a function that is asked each time the key is read. */
  readonly passphrase?: Passphrase
  readonly pfx?: never
}

interface Pkcs12File {
  /**
   * PKCS#12 file in place of `cert` and `key`: one private key, its certificate and the intermediates, in
   * any order, encrypted with AES. None of its certificates vouches for clients. Needs the package `pkijs`.
   */
  readonly pfx: FileLocation
  /** Text, or a function that is asked each time the file is read. */
  readonly passphrase: Passphrase
  readonly cert?: never
  readonly key?: never
}

interface ServerFiles {
  /** `'TLSv1.3'` unless given. `'TLSv1.2'` admits older clients; renegotiation stays off. */
  readonly minVersion?: MinimumVersion
  /**
   * `'required'` unless given. `'request'` lets clients without a certificate, and with a bad one,
   * connect; TLS session tickets are off then.
   */
  readonly clientCertificate?: ClientCertificateMode
  /** File with certificates refused by thumbprint, serial number or name, one a line. */
  readonly denyList?: FileLocation
  /**
   * What becomes of clients whose CA has no current CRL: `'deny'` unless given. `'keep'` goes by the last
   * list whatever its age.
   */
  readonly onStaleCrl?: OnStaleCrl
  /**
   * When the source gives notice of a certificate, CA or CRL that ends: shares of its life that are left,
   * or times, such as `'7d'`, `'24h'` or `'30m'`. `['50%', '24h']` unless given; the end itself is
   * always told.
   */
  readonly expiryWarnings?: readonly string[]
}

interface OneAuthority extends ServerFiles {
  /** PEM file, or several, with the CA certificates that vouch for clients: the authority named `default`. */
  readonly ca: FileLocation | readonly FileLocation[]
  /** As in `authorities`, for that one. */
  readonly crl?: CrlLocation | readonly CrlLocation[]
  readonly authorities?: never
}

interface SeveralAuthorities extends ServerFiles {
  /** Named sets of CA certificates, for servers whose clients come from more than one issuer. */
  readonly authorities: Readonly<Record<string, AuthorityFiles>>
  readonly ca?: never
  readonly crl?: never
}

/** Options of `tlsFromFiles`: `cert` and `key`, or `pfx`; and exactly one of `ca` and `authorities`. */
export type TlsFileOptions = (PemPair | Pkcs12File) & (OneAuthority | SeveralAuthorities)

/** An authority whose file names are checked but not yet read. */
export interface AuthorityPaths {
  readonly name: string
  readonly ca: readonly string[]
  readonly crl: readonly CrlPlace[]
  readonly trustDomains: readonly string[]
  readonly issuedBy?: readonly string[]
  readonly dns?: readonly string[]
  readonly challenge?: 'tool-result'
  readonly certificate?: 'observe'
}

/** Where the server's own certificate and key are. */
export type OwnFiles =
  | { readonly cert: string; readonly key: string; readonly passphrase: Passphrase | undefined }
  | { readonly pfx: string; readonly passphrase: Passphrase }

/** Checked options: paths only. */
export interface FileSettings {
  readonly own: OwnFiles
  readonly minVersion: MinimumVersion
  readonly clientCertificate: ClientCertificateMode
  readonly authorities: readonly AuthorityPaths[]
  readonly denyList: string | undefined
  readonly onStaleCrl: OnStaleCrl
  readonly expiryLeads: readonly ExpiryLead[]
}
