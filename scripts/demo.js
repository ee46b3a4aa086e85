import { build, install, run, steps } from './workspace.js'

const say = (text, step) => () => {
  console.log(text)
  return step()
}

steps({
  install: say('installing…', install),
  build: say('building…', build),
  demo: () => run(process.execPath, ['examples/demo/main.js', ...process.argv.slice(2)]),
})
