/**
 * Counts requests that had to succeed and requests that had to fail, and notes those that did not. A request is
 * judged if its party's right was the same from before it was sent until after it was answered.
 */
export function createLedger() {
  const counts = { allowed: 0, denied: 0, unjudged: 0 }
  const wrongs = []
  return {
    counts,
    wrongs,
    async judge(name, party, call) {
      const { right, version } = party
      const outcome = await call()
      if (right === 'changing' || party.version !== version) {
        counts.unjudged += 1
        return
      }
      counts[right] += 1
      if ((outcome === 'ok') !== (right === 'allowed')) wrongs.push(`${name}, ${right}: ${outcome}`)
    },
  }
}
