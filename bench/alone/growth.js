import { decide } from '@mcp-mtls/core'
import { benchPolicy } from '../policies.js'
import { summarize } from '../statistics.js'
import { benchPrincipal, createCallerReader } from './caller.js'
import { answerAlone, ratioOf, timeInTurn } from './timing.js'

const operation = Object.freeze({ kind: 'tool', name: 'search.tool-10', args: {} })

answerAlone(async ({ rounds }) => ({
  assignments: await curve('assignments', [10, 1000, 100_000], rounds),
  roles: await curve('roles', [10, 100, 1000], rounds),
}))

/** Times of one decision and of finding a caller's roles, for policies of growing size. */
async function curve(key, sizes, rounds) {
  const calls = {}
  for (const size of sizes) {
    const policy = benchPolicy({ [key]: size })
    const principal = await benchPrincipal(policy)
    const assign = await createCallerReader(policy)
    calls[`decide ${size}`] = () => decide(policy, principal, operation)
    calls[`assign ${size}`] = assign
  }
  const times = timeInTurn(calls, { rounds })
  const first = times[`decide ${sizes[0]}`]
  return sizes.map((size) => ({
    size,
    decide: {
      ...summarize(times[`decide ${size}`]),
      ratio: ratioOf(times[`decide ${size}`], first),
    },
    assign: summarize(times[`assign ${size}`]),
  }))
}
