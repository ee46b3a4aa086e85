import { ConfigurationError } from '../errors.js'
import { findGovernor, type MethodGovernor } from '../mcp/methods.js'
import { checkPatternText, type NamePattern, quote } from './pattern.js'

const methodName = /^[A-Za-z$][\w$.:-]*(?:\/[A-Za-z$][\w$.:-]*)*$/

const advice: Readonly<Record<MethodGovernor, string>> = {
  role: 'is open to every role: remove it',
  tools: 'is governed by "tools": write the names of the tools there',
  prompts: 'is governed by "prompts": write the names of the prompts there',
  resources: 'is governed by "resources": write the URIs there',
  completion: 'is governed by "prompts" and "resources": write there what may be completed',
  ownership: 'is governed by who owns the task, which no role changes: remove it',
  server: 'is sent by a server to its clients, never by a client: remove it',
}

/**
 * Parses the name of a method outside MCP's own, exact. A method of MCP is refused, of any era and in
 * any case, since something else decides on it and must not be gone around.
 *
 * @throws {ConfigurationError}
 */
export function parseMethodName(text: string): NamePattern {
  checkPatternText(text)
  if (text.includes('*')) {
    throw new ConfigurationError(
      `${quote(text)} has a wildcard, but methods are compared exactly: write each name`,
    )
  }
  const governor = findGovernor(text)
  if (governor !== undefined) throw new ConfigurationError(`${quote(text)} ${advice[governor]}`)
  if (!methodName.test(text) || text.toLowerCase().startsWith('rpc.')) {
    throw new ConfigurationError(
      `${quote(text)} is no name of a JSON-RPC method: write it as in "skills/list"`,
    )
  }
  return { text, exact: true, matches: (name) => name === text }
}
