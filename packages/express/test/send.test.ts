import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { legacyPost, message } from '@mcp-mtls/testing'
import type { Response } from 'express'
import { describe, expect, it, onTestFinished } from 'vitest'
import { mcpMtls } from '../src/index.js'
import { createStage, lines } from './stage.js'

const stage = createStage()
const list = legacyPost(message('tools/list'))
const tools = ['search', 'deploy'].map((name) => ({ name }))
const answer = JSON.stringify({ jsonrpc: '2.0', id: 1, result: { tools } })

async function writeAnswer(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-mtls-express-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = join(folder, name)
  await writeFile(path, answer)
  return path
}

type Send = (res: Response) => unknown

const ways: readonly (readonly [string, () => Send | Promise<Send>])[] = [
  ['json', () => (res) => res.json(JSON.parse(answer))],
  ['send of a text, which is said to be HTML', () => (res) => res.send(answer)],
  ['send of bytes', () => (res) => res.send(Buffer.from(answer))],
  ['sendFile of JSON', () => writeAnswer('list.json').then((path) => (res) => res.sendFile(path))],
  ['sendFile of bytes', () => writeAnswer('list.bin').then((path) => (res) => res.sendFile(path))],
  ['download', () => writeAnswer('list.txt').then((path) => (res) => res.download(path))],
]

describe.each(lines)('D19 a list answered in $line', ({ express }) => {
  it.each(ways)('by %s is filtered', async (_, prepare) => {
    const send = await prepare()
    const draft = await stage.draft(express)
    draft.app.post('/mcp', mcpMtls(draft.options), (_req, res) => void send(res))
    const { send: ask } = await draft.listen()
    const { status, body } = await ask('/mcp', list)
    expect(status).toBe(200)
    expect(JSON.parse(body)).toMatchObject({ result: { tools: [{ name: 'search' }] } })
    expect(body).not.toContain('deploy')
  })
})
