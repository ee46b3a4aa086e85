import { measureAlone } from '../processes.js'

/** What a short call costs apart from network and TLS, with the guard and without, and what it is spent on. */
export async function* exchangeParts(bench) {
  const question = { rounds: bench.rounds }
  const plain = await measureAlone('alone/exchange.js', { ...question, guarded: false }, [])
  const guarded = await measureAlone('alone/exchange.js', { ...question, guarded: true }, [])
  yield toRow('one call, without network and TLS', guarded.microseconds, plain.microseconds)
  const names = new Set([...Object.keys(guarded.parts), ...Object.keys(plain.parts)])
  const rows = [...names].map((name) => ({
    name,
    with: (guarded.parts[name] ?? 0) * guarded.microseconds,
    without: (plain.parts[name] ?? 0) * plain.microseconds,
  }))
  rows.sort((left, right) => right.with - left.with)
  for (const row of rows) yield toRow(`  ${row.name}`, row.with, row.without)
}

function toRow(name, guarded, plain) {
  const figure = `${guarded.toFixed(2)} µs, unguarded ${plain.toFixed(2)} µs`
  return { name, figure }
}
