/** What the policy of a scenario says an answer must be. */
function shouldBe({ rows }, { caller, ask, name }) {
  if (ask === 'connect') return rows.some(({ allowed }) => allowed.includes(caller))
  return rows.find((row) => row.name === name).allowed.includes(caller)
}

/** The answers that are not as they must be, in words; and how many there are, if some are missing. */
export function findDifferences(scenario, answers, rounds) {
  const wanted = rounds * scenario.callers.length * (1 + 2 * scenario.rows.length)
  const differences = answers
    .filter((answer) => answer.got !== shouldBe(scenario, answer))
    .map(({ from, caller, ask, name, got }) => {
      const what = [caller, ask, name].filter(Boolean).join(' ')
      return `${from}: ${what}: is ${got}, must be ${!got}`
    })
  return answers.length === wanted
    ? differences
    : [...differences, `${answers.length} answers were given instead of ${wanted}`]
}

/** One cell of the table, over all servers and clients: true, false, or 'mixed' where they differ. */
export function toCell(answers) {
  return (caller, ask, name) => {
    const given = answers.filter(
      (answer) => answer.caller === caller && answer.ask === ask && answer.name === name,
    )
    if (given.every(({ got }) => got)) return given.length > 0
    return given.some(({ got }) => got) ? 'mixed' : false
  }
}
