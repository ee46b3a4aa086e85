import { install, steps, tool } from './workspace.js'

steps({ install, biome: () => tool('biome', ['check', '--write', '.']) })
