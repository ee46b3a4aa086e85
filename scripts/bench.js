import { build, install, run, steps } from './workspace.js'

const say = (text, step) => () => {
  console.log(text)
  return step()
}

steps({
  install: say('installing…', install),
  build: say('building…', build),
  bench: () => run(process.execPath, ['bench/main.js', ...process.argv.slice(2)]),
})
