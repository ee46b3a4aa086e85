// The same by require, as a CommonJS application would.
const names = {}
for (const specifier of process.argv.slice(2)) {
  names[specifier] = Object.keys(require(specifier))
    .filter((name) => name !== '__esModule')
    .sort()
}
process.stdout.write(JSON.stringify(names))
