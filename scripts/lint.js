import { build, install, steps, tool } from './workspace.js'

steps({
  install,
  build,
  'types of the tests': () => tool('tsc', ['-b', 'tsconfig.test.json']),
  biome: () => tool('biome', ['ci', '.']),
  knip: () => tool('knip', []),
})
