import { measureAlone } from '../processes.js'

const limit = 0.3
const engineTargets = { 'Cedar (wasm)': { least: 50 }, casbin: { least: 50 } }

/** One decision, whatever the number of assignments, and beside it the same rule in other engines. */
export async function* decisions(bench) {
  const { small, large, ratio, engines } = await measureAlone('alone/decisions.js', {
    rounds: bench.rounds,
  })
  for (const [assignments, figure] of [
    ['10', small],
    ['100,000', large],
  ]) {
    yield {
      name: `one decision, ${assignments} assignments`,
      figure: micro(figure),
      value: figure.median,
      most: limit,
      unit: 'µs',
    }
  }
  yield { name: 'one decision, 100,000 assignments to 10', ratio, most: 1.5 }
  for (const [name, engine] of Object.entries(engines)) {
    yield {
      name: `the same rules in ${name}, to ours`,
      figure: micro(engine.time),
      ratio: engine.ratio,
      ...engineTargets[name],
    }
  }
}

/** What grows with the policy: the decision, and the roles of a new connection. */
export async function* policyGrowth(bench) {
  const { assignments, roles } = await measureAlone('alone/growth.js', { rounds: bench.rounds })
  yield* toCurves('assignments', assignments)
  yield* toCurves('roles', roles)
}

function* toCurves(what, points) {
  for (const { size, decide, assign } of points) {
    yield {
      name: `${size.toLocaleString('en')} ${what}`,
      figure: `decision ${decide.median.toFixed(3)} µs, roles of a new connection ${assign.median.toFixed(2)} µs`,
      ratio: decide.ratio,
    }
  }
}

function micro({ median, min, max }) {
  return `${median.toFixed(3)} µs (${min.toFixed(3)}–${max.toFixed(3)})`
}
