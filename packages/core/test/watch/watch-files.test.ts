import { readFileSync } from 'node:fs'
import { chmod, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { readFingerprint, type WatchOptions, watchFiles } from '../../src/watch/watch-files.js'
import { createFolder, createVolume, replaceFile } from '../policy/k8s-volume.js'

const opened = vi.hoisted(() => ({ watchers: 0, closed: 0 }))

vi.mock('node:fs', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:fs')>()
  const watch = (...args: Parameters<typeof original.watch>) => {
    const watcher = original.watch(...args)
    opened.watchers += 1
    watcher.once('close', () => {
      opened.closed += 1
    })
    return watcher
  }
  return { ...original, watch }
})

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  }
}

/** Watches a file and keeps what it held at each change. */
async function observe(path: string, options: Partial<WatchOptions> = {}) {
  const held: string[] = []
  const watch = watchFiles({
    paths: [path],
    seen: await readFingerprint([path]),
    onChange: async () => void held.push(readText(path)),
    ...options,
  })
  onTestFinished(() => watch.close())
  const seen = (expected: readonly string[]) =>
    vi.waitFor(() => expect(held).toEqual(expected), { timeout: 8_000, interval: 20 })
  return { held, watch, seen }
}

describe('watchFiles', () => {
  it('A28 sees every swap of a Kubernetes volume', async () => {
    const volume = await createVolume('policy.yaml', '0')
    const { seen } = await observe(volume.path)
    const expected: string[] = []
    for (const text of ['1', '2', '3', '4']) {
      await volume.publish(text)
      expected.push(text)
      await seen(expected)
    }
  })

  it('A28 sees every replacement by rename, and every write in place', async () => {
    const path = join(await createFolder(), 'policy.yaml')
    await writeFile(path, '0')
    const { seen } = await observe(path)
    await replaceFile(path, '1')
    await seen(['1'])
    await writeFile(path, '2')
    await seen(['1', '2'])
    await replaceFile(path, '3')
    await seen(['1', '2', '3'])
  })

  it('A28 waits for a writer that needs several steps', async () => {
    const path = join(await createFolder(), 'policy.yaml')
    await writeFile(path, '0')
    const { held, seen } = await observe(path)
    for (const text of ['1', '12', '123', '1234', '12345']) {
      await writeFile(path, text)
      await sleep(40)
    }
    await seen(['12345'])
    await sleep(300)
    expect(held).toEqual(['12345'])
  })

  it('A28 sees a file that is deleted and made again, and a directory in its place', async () => {
    const path = join(await createFolder(), 'policy.yaml')
    await writeFile(path, '0')
    const { seen } = await observe(path)
    await rm(path)
    await seen(['ENOENT'])
    await writeFile(path, '1')
    await seen(['ENOENT', '1'])
    await rm(path)
    await mkdir(path)
    await seen(['ENOENT', '1', 'EISDIR'])
    await rm(path, { recursive: true })
    await symlink('nowhere', path)
    await seen(['ENOENT', '1', 'EISDIR', 'ENOENT'])
  })

  it('A28 sees permissions that change, so that a file that became readable is read', async () => {
    const path = join(await createFolder(), 'policy.yaml')
    await writeFile(path, '0')
    const { held, seen } = await observe(path)
    await chmod(path, 0o000)
    await vi.waitFor(() => expect(held).toHaveLength(1), 10_000)
    await chmod(path, 0o600)
    await vi.waitFor(() => expect(held).toHaveLength(2), 10_000)
    await seen([expect.stringMatching(/^0$|^EACCES$/), '0'] as unknown as string[])
  })

  it('A28 the poll sees what the directory does not tell: a link that leads elsewhere', async () => {
    const target = join(await createFolder(), 'target.yaml')
    const path = join(await createFolder(), 'policy.yaml')
    await writeFile(target, '0')
    await symlink(target, path)
    const { seen } = await observe(path, { pollTime: 50 })
    await writeFile(target, '1')
    await seen(['1'])
    await replaceFile(target, '2')
    await seen(['1', '2'])
  })

  it('A28 goes on where the directory itself is replaced, or was missing at first', async () => {
    const folder = await createFolder()
    const inner = join(folder, 'inner')
    const path = join(inner, 'policy.yaml')
    const { seen } = await observe(path, { pollTime: 50 })
    await mkdir(inner)
    await writeFile(path, '1')
    await seen(['1'])
    await mkdir(join(folder, 'next'))
    await writeFile(join(folder, 'next', 'policy.yaml'), '2')
    await rename(inner, join(folder, 'old'))
    await rename(join(folder, 'next'), inner)
    await seen(['1', '2'])
    await writeFile(path, '3')
    await seen(['1', '2', '3'])
  })

  it('tells of a change that came between the first look and the watch, and of none where there was none', async () => {
    const path = join(await createFolder(), 'policy.yaml')
    await writeFile(path, '0')
    const seen = await readFingerprint([path])
    await writeFile(path, '1')
    const changed = await observe(path, { seen })
    const unchanged = await observe(path)
    await changed.seen(['1'])
    await sleep(300)
    expect(unchanged.held).toEqual([])
  })

  it('does not mind what else happens in the directory', async () => {
    const folder = await createFolder()
    const path = join(folder, 'policy.yaml')
    await writeFile(path, '0')
    const { held, seen } = await observe(path)
    for (let index = 0; index < 30; index += 1) {
      await writeFile(join(folder, `log-${index}`), 'x')
      await sleep(10)
    }
    expect(held).toEqual([])
    await replaceFile(path, '1')
    await seen(['1'])
  })

  it('tells one change after the other, also of those that come while one is being read', async () => {
    const path = join(await createFolder(), 'policy.yaml')
    await writeFile(path, '0')
    const running = { now: 0, most: 0 }
    const held: string[] = []
    const watch = watchFiles({
      paths: [path],
      seen: await readFingerprint([path]),
      onChange: async () => {
        running.now += 1
        running.most = Math.max(running.most, running.now)
        held.push(readText(path))
        await sleep(400)
        running.now -= 1
      },
    })
    onTestFinished(() => watch.close())
    await replaceFile(path, '1')
    await vi.waitFor(() => expect(held).toEqual(['1']), 10_000)
    await replaceFile(path, '2')
    await vi.waitFor(() => expect(held).toEqual(['1', '2']), 10_000)
    expect(running.most).toBe(1)
  })

  it('A28 tells of files that belong together once, wherever they are', async () => {
    const paths = [join(await createFolder(), 'tls.crt'), join(await createFolder(), 'tls.key')]
    for (const path of paths) await writeFile(path, '0')
    const held: string[] = []
    const watch = watchFiles({
      paths,
      seen: await readFingerprint(paths),
      onChange: async () => void held.push(paths.map(readText).join()),
    })
    onTestFinished(() => watch.close())
    const [first = '', second = ''] = paths
    await replaceFile(first, '1')
    await replaceFile(second, '1')
    await vi.waitFor(() => expect(held).toEqual(['1,1']), 10_000)
    await replaceFile(second, '2')
    await vi.waitFor(() => expect(held).toEqual(['1,1', '1,2']), 10_000)
  })

  it('A28 leaves nothing behind when it is closed', async () => {
    const path = join(await createFolder(), 'policy.yaml')
    await writeFile(path, '0')
    const { held, watch } = await observe(path, { pollTime: 20 })
    await sleep(100)
    await replaceFile(path, '1')
    watch.close()
    watch.close()
    const { watchers } = opened
    await utimes(path, 1, 1)
    await sleep(400)
    expect(held).toEqual([])
    expect(opened.watchers).toBe(watchers)
    expect(opened.closed).toBe(opened.watchers)
  })
})
