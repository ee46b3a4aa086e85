import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createPolicySource, type PolicySource } from '../../src/guard/policy-source.js'
import { readOptions } from '../../src/guard/read-options.js'
import type { Policy } from '../../src/policy/policy.js'
import { createFolder } from '../policy/k8s-volume.js'
import { policy } from './stage.js'

const roles = (name: string) => `version: 1\nroles: { ${name}: { tools: [search] } }\n`

function open(given: string | Policy) {
  const changes = { onReload: vi.fn(), onSwap: vi.fn(), onFailure: vi.fn() }
  const source = createPolicySource(readOptions({ policy: given }), changes)
  onTestFinished(() => source.close())
  return { source, changes }
}

async function openFile() {
  const path = join(await createFolder(), 'policy.yaml')
  await writeFile(path, roles('first'))
  return { path, ...open(path) }
}

const thrownBy = (source: PolicySource): unknown => {
  try {
    return source.current()
  } catch (error) {
    return error
  }
}

describe('the source of a policy', () => {
  it('has none until it is loaded, then one at once, and none when it is closed', async () => {
    const { source } = open(policy)
    expect(source.problems()).toEqual(['no policy is loaded'])
    expect(source.current()).toBeInstanceOf(Promise)
    expect(await source.current()).toBe(policy)
    expect(source.problems()).toEqual([])
    expect(source.current()).toBe(policy)
    source.close()
    expect(source.problems()).toEqual(['the guard is closed'])
    expect(thrownBy(source)).toMatchObject({ status: 503, message: 'the guard is closed' })
  })

  it('D36 takes a changed file over, told of it before and after', async () => {
    const { source, changes, path } = await openFile()
    await source.loaded
    const names: unknown[] = []
    const note = () => void names.push((source.current() as Policy).roles)
    changes.onReload.mockImplementation(note)
    changes.onSwap.mockImplementation(note)
    await writeFile(path, roles('second'))
    await vi.waitFor(() => expect(names).toHaveLength(2), 10_000)
    expect(names).toEqual([['first'], ['second']])
    expect(changes.onFailure).not.toHaveBeenCalled()
  })

  it('D36 keeps the policy it has where whoever is told of a change throws', async () => {
    const { source, changes, path } = await openFile()
    const before = await source.loaded
    const refusal = new Error('the sink failed')
    changes.onReload.mockImplementation(() => {
      throw refusal
    })
    await writeFile(path, roles('second'))
    await vi.waitFor(() => expect(changes.onFailure).toHaveBeenCalledWith(refusal), 10_000)
    expect(source.current()).toBe(before)
    expect(changes.onSwap).not.toHaveBeenCalled()
  })

  it('closed while it loads watches nothing', async () => {
    const { source, changes, path } = await openFile()
    source.close()
    await source.loaded
    await writeFile(path, roles('second'))
    await rm(path)
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(changes.onReload).not.toHaveBeenCalled()
    expect(changes.onFailure).not.toHaveBeenCalled()
  })

  it('of which nothing can be read has none, and says why to whoever asks', async () => {
    const { source } = open('no-such-policy.yaml')
    const error = await source.loaded.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'ERR_MTLS_POLICY' })
    await expect(source.current()).rejects.toMatchObject({ status: 503, cause: error })
    expect(source.problems()).toEqual(['no policy is loaded'])
  })
})
