import { expected, identities } from './expected.js'

/** What policy.yaml says an answer must be. */
function shouldBe({ identity, ask, name }) {
  if (ask === 'connect') return expected.some(({ allowed }) => allowed.includes(identity))
  return expected.find((row) => row.name === name).allowed.includes(identity)
}

/** The answers that are not as they must be, in words. */
export function findDifferences(answers) {
  return answers
    .filter((answer) => answer.got !== shouldBe(answer))
    .map(({ from, identity, ask, name, got }) => {
      const what = [identity, ask, name].filter(Boolean).join(' ')
      return `${from}: ${what}: is ${got}, must be ${!got}`
    })
}

/** One cell of the table, over all servers and clients: true, false, or 'mixed' where they differ. */
export function toCell(answers) {
  return (identity, ask, name) => {
    const given = answers.filter(
      (answer) => answer.identity === identity && answer.ask === ask && answer.name === name,
    )
    if (given.every(({ got }) => got)) return given.length > 0
    return given.some(({ got }) => got) ? 'mixed' : false
  }
}

/** How many answers there must be: fewer means that something was not asked. */
export function expectedCount(rounds) {
  return rounds * Object.keys(identities).length * (1 + 2 * expected.length)
}
