import type { SubjectOptions } from './certificate-request.js'
import { Name } from './x509.js'

/**
 * The distinguished name of a certificate; without options an empty one (RFC 5280 section 4.1.2.6).
 *
 * @throws {TypeError} when both are given, or the text holds no attribute
 */
export function toDistinguishedName(options: SubjectOptions): Name {
  const { cn, subject } = options
  if (cn !== undefined && subject !== undefined) {
    throw new TypeError('give cn or subject, not both: cn is shorthand for subject "CN=…"')
  }
  // An object value is encoded as it is; a string would have its quotes and backslashes interpreted.
  if (cn !== undefined) return new Name([{ CN: [{ utf8String: cn }] }])
  if (subject === undefined) return new Name([])
  const name = new Name(subject)
  if (name.toJSON().length === 0) {
    throw new TypeError(`"${subject}" is no name; write for example "CN=reader, O=Acme"`)
  }
  return name
}
