/** The arguments of a `write` or `end` call, whichever of them were left out. */
export interface WriteArguments {
  readonly chunk: unknown
  readonly encoding: BufferEncoding
  readonly callback: (() => void) | undefined
}

/** Sorts the arguments of `write(chunk?, encoding?, callback?)`. */
export function parseWriteArguments(args: readonly unknown[]): WriteArguments {
  const callback = args.find((argument): argument is () => void => typeof argument === 'function')
  const [chunk, encoding] = args
  return {
    chunk: chunk === callback ? undefined : chunk,
    encoding: typeof encoding === 'string' ? toEncoding(encoding) : 'utf8',
    callback,
  }
}

function toEncoding(encoding: string): BufferEncoding {
  if (encoding === 'utf8') return encoding
  return Buffer.isEncoding(encoding) ? encoding : 'utf8'
}

/**
 * The bytes of a written chunk, copied; none if there was no chunk.
 *
 * @throws {TypeError} for what Node would refuse as a chunk
 */
export function toBuffer({ chunk, encoding }: WriteArguments): Buffer {
  if (chunk === undefined || chunk === null) return Buffer.alloc(0)
  if (typeof chunk === 'string') return Buffer.from(chunk, encoding)
  if (chunk instanceof Uint8Array) return Buffer.from(chunk)
  throw new TypeError('a chunk must be a string or a Uint8Array')
}
