import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AuthorizeQuestion } from '../../src/guard/options.js'
import { hearSecondOpinion } from '../../src/guard/second-opinion.js'
import { holderOf, tool } from '../policy/peer.js'

type Ask = Parameters<typeof hearSecondOpinion>[0]

const question: AuthorizeQuestion = { principal: holderOf('reader'), operation: tool('search') }

/** What a program without types may answer. */
function hear(answer: () => unknown): Promise<boolean> {
  return hearSecondOpinion(answer as Ask, question)
}

describe('hearSecondOpinion', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it.each([
    ['true', () => true],
    ['a promise of true', async () => true],
  ])('is a yes for %s', async (_, answer) => {
    expect(await hear(answer)).toBe(true)
  })

  it.each<[string, () => unknown]>([
    ['false', () => false],
    ['undefined', () => undefined],
    ['null', () => null],
    ['the text true', () => 'true'],
    ['the text false', () => 'false'],
    ['1', () => 1],
    ['an object', () => ({})],
    ['a boolean object', () => Object(true)],
    ['a list of true', () => [true]],
    ['a function', () => () => true],
    ['a promise of an object', async () => ({ allow: true })],
    ['a promise of a function', async () => () => true],
  ])('D39 is a no for %s', async (_, answer) => {
    expect(await hear(answer)).toBe(false)
  })

  it.each<[string, () => unknown]>([
    [
      'an exception',
      () => {
        throw new Error('no')
      },
    ],
    ['a rejection', () => Promise.reject(new Error('no'))],
    ['a rejection with true', () => Promise.reject(true)],
  ])('D39 is a no for %s', async (_, answer) => {
    expect(await hear(answer)).toBe(false)
  })

  it('D39 is a no after two seconds of silence, and a later yes or failure changes nothing', async () => {
    const late: { yes?: (value: boolean) => void; fail?: (error: Error) => void } = {}
    const heard = [
      hear(() => new Promise<boolean>((resolve) => Object.assign(late, { yes: resolve }))),
      hear(() => new Promise((_, reject) => Object.assign(late, { fail: reject }))),
    ]
    await vi.advanceTimersByTimeAsync(1_999)
    const waiting = await Promise.race([...heard, Promise.resolve('waiting')])
    expect(waiting).toBe('waiting')
    await vi.advanceTimersByTimeAsync(1)
    expect(await Promise.all(heard)).toEqual([false, false])
    late.yes?.(true)
    late.fail?.(new Error('late'))
    await vi.advanceTimersByTimeAsync(10)
  })

  it('hears a yes just before the two seconds are over', async () => {
    const heard = hear(() => new Promise((resolve) => setTimeout(resolve, 1_999, true)))
    await vi.advanceTimersByTimeAsync(1_999)
    expect(await heard).toBe(true)
  })

  it('leaves no timer behind, whatever the answer', async () => {
    await hear(() => true)
    await hear(() => Promise.reject(new Error('no')))
    await hear(() => {
      throw new Error('no')
    })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('hands the question on as it is', async () => {
    const ask = vi.fn(() => true)
    await hearSecondOpinion(ask, question)
    expect(ask).toHaveBeenCalledExactlyOnceWith(question)
  })
})
