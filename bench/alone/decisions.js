import { decide } from '@mcp-mtls/core'
import { benchPolicy } from '../policies.js'
import { summarize } from '../statistics.js'
import { benchPrincipal } from './caller.js'
import { callsOfEngines } from './engines.js'
import { answerAlone, ratioOf, timeInTurn } from './timing.js'

const operation = Object.freeze({ kind: 'tool', name: 'search.tool-10', args: {} })

answerAlone(async ({ rounds }) => {
  const ours = await ourCalls()
  const engines = await callsOfEngines(operation)
  const times = timeInTurn({ ...ours, ...engines }, { rounds })
  return {
    small: summarize(times.small),
    large: summarize(times.large),
    ratio: ratioOf(times.large, times.small),
    engines: Object.fromEntries(
      Object.keys(engines).map((name) => [
        name,
        { time: summarize(times[name]), ratio: ratioOf(times[name], times.small) },
      ]),
    ),
  }
})

async function ourCalls() {
  const small = benchPolicy({ assignments: 10 })
  const large = benchPolicy({ assignments: 100_000 })
  const call = async (policy) => {
    const principal = await benchPrincipal(policy)
    if (decide(policy, principal, operation).effect !== 'allow') throw new Error('not allowed')
    return () => decide(policy, principal, operation)
  }
  return { small: await call(small), large: await call(large) }
}
