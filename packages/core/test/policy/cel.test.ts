import { expect, it, vi } from 'vitest'
import { PolicyError } from '../../src/errors.js'
import { definePolicy } from '../../src/policy/define.js'

vi.mock('node:module', () => ({
  createRequire: () => (name: string) => {
    const problem = new Error(`Cannot find module '${name}'`)
    throw Object.assign(problem, { code: 'MODULE_NOT_FOUND' })
  },
}))

it('where CEL is not installed a condition is refused with the command that installs it', () => {
  const withCondition = () =>
    definePolicy({
      version: 1,
      roles: { reader: { tools: [{ name: 'search', when: 'true' }] } },
      assignments: [{ dns: 'a.test', roles: ['reader'] }],
    })
  expect(withCondition).toThrow(PolicyError)
  expect(withCondition).toThrow(
    'definePolicy: roles.reader.tools[0].when: needs the packages that evaluate CEL: run "npm install @bufbuild/cel@^0.6.1 @bufbuild/protobuf@^2.6.2"',
  )
})

it('a policy without conditions needs no CEL', () => {
  const policy = definePolicy({ version: 1, roles: { reader: { tools: [{ name: 'search' }] } } })
  expect(policy.warnings).toEqual([])
})
