// Prints the packages whose scripts one import loads, as the debugger sees them.
import { Session } from 'node:inspector'

const packages = new Set()
const session = new Session()
session.connect()
session.on('Debugger.scriptParsed', ({ params }) => {
  const name = params.url.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/)?.[1]
  if (name !== undefined) packages.add(name)
})
session.post('Debugger.enable')
await import(process.argv[2] ?? '')
process.stdout.write(JSON.stringify([...packages].sort()))
