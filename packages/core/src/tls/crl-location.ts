import { type FileLocation, parseLocation, wrong } from './parse-location.js'

/** Where a CRL is: a path, a `file:` URL, or an `http:` or `https:` URL. */
export type CrlLocation = FileLocation

/** A location that was told apart. */
export type CrlPlace = { readonly file: string } | { readonly url: URL }

const web = /^https?:/i

/**
 * Parses the option `crl` into places to read; none if it is absent. `http:` will do: a CRL is signed, and
 * whoever stands on the way can withhold a newer one, at the first answer also by an older one.
 *
 * @throws {ConfigurationError} for an empty list, and for what is no location
 */
export function parseCrlLocations(value: unknown, where: string): readonly CrlPlace[] {
  if (value === undefined) return Object.freeze([])
  if (!Array.isArray(value)) return Object.freeze([parseCrlLocation(value, where)])
  if (value.length === 0) {
    throw wrong(`"${where}" is an empty list; leave it out where there are no CRLs.`)
  }
  return Object.freeze(value.map((entry, index) => parseCrlLocation(entry, `${where}[${index}]`)))
}

function parseCrlLocation(value: unknown, where: string): CrlPlace {
  const isWeb = value instanceof URL ? web.test(value.protocol) : isWebText(value)
  return isWeb
    ? Object.freeze({ url: parseWebUrl(String(value), where) })
    : Object.freeze({ file: parseLocation(value, where) })
}

function isWebText(value: unknown): boolean {
  return typeof value === 'string' && web.test(value)
}

function parseWebUrl(text: string, where: string): URL {
  if (!URL.canParse(text)) throw wrong(`"${where}" is no URL.`)
  const url = new URL(text)
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    throw wrong(`"${where}" must be a URL without user name, password and fragment.`)
  }
  return url
}
