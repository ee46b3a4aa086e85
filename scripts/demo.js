import { build, install, run, steps } from './workspace.js'

steps({
  install,
  build,
  demo: () => run(process.execPath, ['examples/demo/main.js', ...process.argv.slice(2)]),
})
