import type { AuthorityFiles } from './file-options.js'
import { type FileLocation, parseLocation, wrong } from './parse-location.js'
import { parseRecord, refuseUnknown } from './parse-record.js'

/** Options of `openaiConnectors`. */
export interface OpenaiConnectorsOptions {
  /** PEM file: OpenAI's root CA. */
  readonly root: FileLocation
  /** PEM file: the CA of OpenAI's connectors, which signs the certificate ChatGPT presents. */
  readonly intermediate: FileLocation
  /** The DNS name of that certificate, or several of which any will do; default `mtls.prod.connectors.openai.com`. */
  readonly dns?: string | readonly string[]
  /**
   * `'observe'`: a certificate that is absent or wrong is recorded, and the request needs a valid token in
   * its place. Absent: it is refused. Needs `clientCertificate: 'request'` and the option `oauth`.
   */
  readonly certificate?: 'observe'
}

/** The authority that vouches for ChatGPT, as an entry of `authorities`; may say `certificate: 'observe'`. */
export interface OpenaiConnectors extends AuthorityFiles {
  readonly certificate?: 'observe'
}

const optionNames = ['root', 'intermediate', 'dns', 'certificate']
const defaultName = 'mtls.prod.connectors.openai.com'
const presets = new WeakSet<object>()

/**
 * Makes the authority that vouches for ChatGPT and OpenAI's other connectors, as an entry of
 * `authorities` in `tlsFromFiles`: the certificate is signed by exactly this intermediate, which leads to
 * exactly this root, and bears the DNS name. It may be renewed: nothing pins it. Callers are asked for
 * access tokens in the results of tool calls, where ChatGPT looks.
 *
 * All of ChatGPT shares one such certificate: it names the software, and never a user or a workspace.
 *
 * Not checked: the files, which `tlsFromFiles` reads; whether they are OpenAI's.
 *
 * @throws {ConfigurationError} for an unknown or missing option
 */
export function openaiConnectors(options: OpenaiConnectorsOptions): OpenaiConnectors {
  const given = parseRecord(options, 'openaiConnectors')
  refuseUnknown(given, { known: optionNames, what: 'option of openaiConnectors' })
  if (given['root'] === undefined) {
    throw wrong(
      '"openaiConnectors.root" is missing: Node verifies clients only up to a self-signed root, never to an intermediate. Take the file of the root CA from where the intermediate is published; "openssl x509 -noout -issuer -in FILE" names it.',
    )
  }
  const { root, intermediate, dns = defaultName, certificate } = options
  parseLocation(root, 'openaiConnectors.root')
  parseLocation(intermediate, 'openaiConnectors.intermediate')
  const preset = Object.freeze({
    ca: root,
    issuedBy: intermediate,
    dns: Array.isArray(dns) ? Object.freeze([...dns]) : dns,
    challenge: 'tool-result' as const,
    ...(certificate !== undefined && { certificate }),
  })
  presets.add(preset)
  return preset
}

/** Whether an entry of `authorities` was made by `openaiConnectors`, and is no copy. */
export function isPreset(entry: unknown): boolean {
  return typeof entry === 'object' && entry !== null && presets.has(entry)
}
