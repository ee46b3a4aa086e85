// Imports what is asked for and prints the names each module exports.
const names = {}
for (const specifier of process.argv.slice(2)) {
  names[specifier] = Object.keys(await import(specifier)).sort()
}
process.stdout.write(JSON.stringify(names))
