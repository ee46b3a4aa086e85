import { install, steps } from './workspace.js'

steps({ install })
