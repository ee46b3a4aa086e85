import { expect } from 'vitest'

interface Work<Input> {
  readonly size: number
  readonly create: (size: number) => Input
  readonly run: (input: Input) => unknown
}

const parts = 32
const rounds = 5

/**
 * Expects one input to take about as long as 32 inputs of a 32nd of its size. Work that grows with the
 * square of the size takes 32 times as long; less than 10 is called linear, best of five with best of five.
 */
export function expectLinearTime<Input>({ size, create, run }: Work<Input>): void {
  const whole = create(size)
  const part = create(Math.ceil(size / parts))
  const runParts = () => {
    for (let index = 0; index < parts; index += 1) run(part)
  }
  let bestOfParts = Number.POSITIVE_INFINITY
  let bestOfWhole = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round += 1) {
    bestOfParts = Math.min(bestOfParts, timeOf(runParts))
    bestOfWhole = Math.min(
      bestOfWhole,
      timeOf(() => run(whole)),
    )
  }
  expect(bestOfWhole / bestOfParts).toBeLessThan(10)
}

/** How long something takes, for comparison with something else. */
export function timeOf(run: () => unknown): number {
  const started = performance.now()
  run()
  return performance.now() - started
}
