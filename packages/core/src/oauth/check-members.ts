import { suggestName } from '../closest-name.js'
import type { JsonObject } from '../mcp/json-object.js'

/**
 * What is wrong with the value of an option: nothing, or advice to be put after the name of the option.
 * Advice that begins with `.` or `[` goes on with the name of a place inside.
 */
export type MemberCheck = (value: unknown) => readonly string[]

/** The options an object takes. */
export type MemberChecks = Readonly<Record<string, MemberCheck>>

/** An object of options, by name. */
export interface ObjectRules {
  readonly path: string
  readonly members: MemberChecks
  readonly required: readonly string[]
}

/** Checks an object of options: every name is known, every value is right, none that is required is missing. */
export function checkMembers(value: JsonObject, rules: ObjectRules): readonly string[] {
  const { path, members, required } = rules
  const given = Object.entries(value).filter(([, member]) => member !== undefined)
  const missing = required.filter((name) => value[name] === undefined)
  return [
    ...missing.map((name) => `${path}.${name} is required`),
    ...given.flatMap(([name, member]) =>
      Object.hasOwn(members, name)
        ? (members[name]?.(member) ?? []).map((advice) => place(`${path}.${name}`, advice))
        : [unknownName(name, rules)],
    ),
  ]
}

function unknownName(name: string, { path, members }: ObjectRules): string {
  const known = Object.keys(members)
  const advice = `has no option "${name}".${suggestName(name, known)} It takes ${known.join(', ')}`
  return place(path, advice).trimStart()
}

/** Puts a place before advice. */
export function place(path: string, advice: string): string {
  return /^[.[]/.test(advice) ? `${path}${advice}` : `${path} ${advice}`
}

/** Checks for one of a few texts. */
export function oneOf(...texts: readonly string[]): MemberCheck {
  return (value) =>
    texts.some((text) => text === value)
      ? []
      : [`must be ${texts.map((text) => `'${text}'`).join(' or ')}`]
}

/** Whether a value is a text, or a list of them; never empty. */
export function isTextOrList(value: unknown): boolean {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value]
  return texts.length > 0 && texts.every((text) => typeof text === 'string' && text !== '')
}
