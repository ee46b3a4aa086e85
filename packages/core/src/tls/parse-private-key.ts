import { createPrivateKey, type KeyObject } from 'node:crypto'
import { TlsMaterialError } from '../errors.js'
import { explainNoPem, parsePem } from './parse-pem.js'

/** A private key and whether the passphrase was of use. */
export interface ParsedKey {
  readonly key: KeyObject
  readonly encrypted: boolean
}

/** The passphrase of an encrypted key, or who knows it: asked each time such a key is read. */
export type Passphrase = string | (() => string | Promise<string>)

/**
 * Parses a PEM file with exactly one private key: PKCS#8, PKCS#1 or SEC 1, encrypted or not.
 * `EC PARAMETERS`, which `openssl ecparam -genkey` puts first, are passed over. No message holds key text.
 *
 * @throws {TlsMaterialError} for another content, a missing or a wrong passphrase, and where none was to be had
 */
export async function parsePrivateKey(
  text: string,
  file: string,
  passphrase: Passphrase | undefined,
): Promise<ParsedKey> {
  const blocks = parsePem(text, file).filter((block) => block.label !== 'EC PARAMETERS')
  const [block, second] = blocks
  if (block === undefined) throw new TlsMaterialError(`${file}: ${explainNoPem(text)}`)
  const other = blocks.find(({ label }) => !label.endsWith('PRIVATE KEY'))
  if (other !== undefined) {
    throw new TlsMaterialError(
      `${file}: a ${other.label} stands in the key file; keep only the key.`,
    )
  }
  if (second !== undefined) throw new TlsMaterialError(`${file}: holds more than one private key.`)
  const encrypted = block.label.startsWith('ENCRYPTED') || /^DEK-Info:/m.test(block.text)
  const secret = encrypted ? await readPassphrase(passphrase, file) : undefined
  return { key: openKey(block.text, file, secret), encrypted }
}

/** Asks only where it is needed: the answer may cost a call to another machine. */
async function readPassphrase(passphrase: Passphrase | undefined, file: string): Promise<string> {
  if (passphrase !== undefined) return askPassphrase(passphrase, file)
  throw new TlsMaterialError(`${file}: the key is encrypted; give "passphrase".`)
}

/** @throws {TlsMaterialError} naming the file, if the function that knows it fails or answers no text */
export async function askPassphrase(passphrase: Passphrase, file: string): Promise<string> {
  if (typeof passphrase === 'string') return passphrase
  const answer: unknown = await ask(passphrase, file)
  if (typeof answer === 'string' && answer !== '') return answer
  throw new TlsMaterialError(`${file}: the function "passphrase" gave no text.`)
}

async function ask(passphrase: () => unknown, file: string): Promise<unknown> {
  try {
    return await passphrase()
  } catch (cause) {
    throw new TlsMaterialError(`${file}: the function "passphrase" failed.`, { cause })
  }
}

function openKey(text: string, file: string, passphrase: string | undefined): KeyObject {
  try {
    return passphrase === undefined
      ? createPrivateKey(text)
      : createPrivateKey({ key: text, passphrase })
  } catch (cause) {
    const problem =
      passphrase === undefined ? 'not a private key' : 'the passphrase does not open it'
    throw new TlsMaterialError(`${file}: ${problem}.`, { cause })
  }
}
