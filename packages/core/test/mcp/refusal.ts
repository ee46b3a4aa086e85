import { RequestError } from '../../src/errors.js'

/** Runs what must be refused and gives the status and the JSON-RPC code of the refusal. */
export function refusalOf(run: () => unknown): readonly [status: number, rpcCode: number] {
  try {
    run()
  } catch (error) {
    if (error instanceof RequestError) return [error.status, error.rpcCode]
    throw error
  }
  throw new Error('was not refused')
}
