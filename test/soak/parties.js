/**
 * Who calls, and what each has a right to: `allowed`, `denied`, or, between the moment a file is written and the
 * moment the server says that it is in force, `changing`.
 */
export async function createParties(world) {
  const make = async (ca, right) => ({
    credential: await world.issue(ca, `agents/${ca}`),
    right,
    version: 0,
  })
  return {
    steady: await make('steady', 'allowed'),
    first: await make('first', 'allowed'),
    second: await make('second', 'denied'),
    victim: await make('first', 'allowed'),
    foreign: await make('foreign', 'denied'),
  }
}

/** Changes rights by what `write` writes: `{ second: 'allowed' }`. */
export async function change({ parties, server, rights = {}, write }) {
  const set = (name, right) => {
    parties[name].right = right
    parties[name].version += 1
  }
  for (const name of Object.keys(rights)) set(name, 'changing')
  const updated = server.next('update')
  await write()
  await updated
  for (const [name, right] of Object.entries(rights)) set(name, right)
}
