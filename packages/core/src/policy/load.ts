import { readFile, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { PolicyError } from '../errors.js'
import { buildPolicy } from './build-policy.js'
import { parsePolicyDocument } from './parse-document.js'
import type { Policy } from './policy.js'

/** A hundred thousand assignments are about 10 MB. */
const maximumBytes = 32 * 1024 * 1024

/**
 * Reads a policy from a file, `.yaml`, `.yml` or `.json`, relative to the working directory.
 *
 * @throws {PolicyError} with everything that is wrong, each with its line and column
 */
export async function loadPolicy(source: string | URL): Promise<Policy> {
  const path = toPolicyPath(source)
  const format = readFormat(path)
  const text = await readText(path)
  return buildPolicy(parsePolicyDocument(path, text, format))
}

/**
 * The path of a policy that is given by path or by URL.
 *
 * @throws {PolicyError} for a URL of another scheme than `file:`
 */
export function toPolicyPath(source: string | URL): string {
  if (typeof source === 'string') return source
  if (source.protocol === 'file:') return fileURLToPath(source)
  throw refusal(source.href, 'is no file: URL; download the policy and give its path')
}

function readFormat(path: string): 'yaml' | 'json' {
  if (/\.ya?ml$/.test(path)) return 'yaml'
  if (path.endsWith('.json')) return 'json'
  throw refusal(path, 'name the policy file .yaml, .yml or .json, so that its format is known')
}

async function readText(path: string): Promise<string> {
  const bytes = await readBytes(path)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw refusal(path, 'is not UTF-8: save the file in that encoding', error)
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const facts = await stat(path)
    if (!facts.isFile()) throw refusal(path, 'is not a file: give the path of the policy itself')
    if (facts.size > maximumBytes) {
      throw refusal(
        path,
        `is larger than ${maximumBytes} bytes: use patterns instead of single names`,
      )
    }
    return await readFile(path)
  } catch (error) {
    if (error instanceof PolicyError) throw error
    throw refusal(path, describeReadError(error), error)
  }
}

function describeReadError(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  return code === 'ENOENT'
    ? `no such file, looked for from ${process.cwd()}: give its path, or create it with "version: 1", roles and assignments`
    : `cannot be read (${code}): check the path and its permissions`
}

function refusal(source: string, message: string, cause?: unknown): PolicyError {
  return new PolicyError(source, [{ path: '', message }], { cause })
}
