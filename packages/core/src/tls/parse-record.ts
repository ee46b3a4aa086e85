import { suggestName } from '../closest-name.js'
import { wrong } from './parse-location.js'

/** The keys a record may have. */
interface KnownKeys {
  readonly known: readonly string[]
  /** What a key is called in a message. */
  readonly what: string
  /** What to say of keys that people expect and that do not exist. */
  readonly adviceFor?: ReadonlyMap<string, string>
}

/** @throws {ConfigurationError} for anything but a plain object */
export function parseRecord(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (isRecord(value)) return value
  throw wrong(`"${where}" must be an object.`)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** @throws {ConfigurationError} for a key that does not exist, with advice */
export function refuseUnknown(
  record: Readonly<Record<string, unknown>>,
  { known, what, adviceFor }: KnownKeys,
): void {
  const name = Object.keys(record).find((key) => !known.includes(key))
  if (name === undefined) return
  const advice = adviceFor?.get(name)
  if (advice !== undefined) throw wrong(`${what} "${name}" does not exist: ${advice}`)
  throw wrong(
    `unknown ${what} ${JSON.stringify(name)}.${suggestName(name, known)} Known: ${known.join(', ')}.`,
  )
}
