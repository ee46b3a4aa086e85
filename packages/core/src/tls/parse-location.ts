import { fileURLToPath } from 'node:url'
import { ConfigurationError } from '../errors.js'

/** A path, relative to the working directory, or a `file:` URL. */
export type FileLocation = string | URL

/**
 * Parses one location or a list of them into paths.
 *
 * @throws {ConfigurationError} if the list is empty or one is no location
 */
export function parseLocations(value: unknown, where: string): string[] {
  if (!Array.isArray(value)) return [parseLocation(value, where)]
  if (value.length === 0) throw wrong(`"${where}" is an empty list; no client could connect.`)
  return value.map((entry, index) => parseLocation(entry, `${where}[${index}]`))
}

/**
 * Parses a location into a path. The text itself stays out of every message: it may be a private key.
 *
 * @throws {ConfigurationError} for anything but a path or a `file:` URL, PEM text included
 */
export function parseLocation(value: unknown, where: string): string {
  if (value === undefined) throw wrong(`"${where}" is missing: the path of a PEM file.`)
  if (value instanceof URL) return parseUrl(value, where)
  if (typeof value !== 'string' || value === '') {
    throw wrong(`"${where}" must be a path or a file: URL.`)
  }
  if (value.includes('-----BEGIN')) {
    throw wrong(`"${where}" holds PEM text; write the path of the file instead.`)
  }
  if (value.includes('\0')) throw wrong(`"${where}" holds a NUL character.`)
  return value
}

function parseUrl(url: URL, where: string): string {
  try {
    return fileURLToPath(url)
  } catch (error) {
    throw wrong(`"${where}" is the URL ${url.href}, which names no local file.`, error)
  }
}

/** An error in the options of `tlsFromFiles`. */
export function wrong(message: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError(
    `tlsFromFiles: ${message}`,
    cause === undefined ? undefined : { cause },
  )
}
