import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Waits for `condition`, at most five seconds.
 *
 * @throws {Error} if it does not come true
 */
export async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (condition()) return
    await sleep(10)
  }
  throw new Error('waited five seconds in vain')
}
