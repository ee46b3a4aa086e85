import { isJsonObject, type JsonObject } from '../mcp/json-object.js'

/** A mapping of a policy as it was written, of whatever shape. */
export type Fields = JsonObject

/** The mapping a value is, or an empty one. */
export function toFields(value: unknown): Fields {
  return isJsonObject(value) ? value : {}
}
