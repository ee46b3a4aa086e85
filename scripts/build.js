import { build, install, steps } from './workspace.js'

steps({ install, build })
