import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('..', import.meta.url))

export default defineConfig({
  root,
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/.tmp/**'],
    // Most tests wait more than they compute.
    maxWorkers: availableParallelism(),
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // What is waited for comes late on a busy machine, and its absence is the failure.
    expect: { poll: { timeout: 10_000 } },
    // Asked of the core alone; what the adapters add is measured by the contract they share.
    coverage: {
      include: ['packages/core/src/**'],
      reporter: ['text-summary', 'json-summary'],
      reportsDirectory: '.tmp/coverage',
      thresholds: { lines: 97, branches: 95 },
    },
  },
})
