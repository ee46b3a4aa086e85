import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { isInstalled, type Run, run } from '../e2e/programs.js'
import { createOutside, npmInstall, type Outside } from './install.js'
import { type Block, parseBlocks, parseRelativeLinks } from './markdown.js'
import { findFreePort, type Serving, serve } from './serve.js'
import { packAll, root, type Tarballs } from './tarballs.js'

const hasCurl = isInstalled('curl')
const withoutCurl = hasCurl ? '' : ' (skipped: no curl on this machine)'
const readme = await readFile(join(root, 'README.md'), 'utf8')
const blocks = parseBlocks(readme)

/** The one block of a language that begins so. */
function block(language: string, beginning: string): string {
  const found = blocks.filter((one) => one.language === language && one.text.startsWith(beginning))
  if (found.length !== 1) throw new Error(`the README has ${found.length} blocks "${beginning}"`)
  return found[0]!.text
}

/** The calls by curl, each with the output that follows it. */
const calls = blocks.flatMap((one, index): { command: string; output: Block | undefined }[] =>
  one.text.startsWith('curl ') ? [{ command: one.text, output: blocks[index + 1] }] : [],
)
const [allowed, denied] = calls
const install = block('sh', 'npm install ')
const serverProgram = block('js', "import { mcpMtls, tlsFromFiles } from '@mcp-mtls/fastify'")

describe('the README', () => {
  it('has at most 150 lines', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(150)
  })

  it('shows an allowed and a denied call, each with its output', () => {
    expect(calls.map(({ output }) => output?.language)).toEqual(['text', 'text'])
  })

  it('installs only what is published', async () => {
    const manifests = await Promise.all(
      (await readdir(join(root, 'packages'))).map(async (folder) =>
        JSON.parse(await readFile(join(root, 'packages', folder, 'package.json'), 'utf8')),
      ),
    )
    const published = manifests.filter((one) => one.private !== true).map((one) => one.name)
    const named = readme.match(/@mcp-mtls\/[a-z]+/g) ?? []
    expect(published).toEqual(expect.arrayContaining([...new Set(named)]))
  })
})

describe('every relative link leads to a file', async () => {
  const folders = [
    '.',
    'docs',
    ...(await readdir(join(root, 'packages'))).map((one) => `packages/${one}`),
  ]
  const texts = folders.flatMap(async (folder) => {
    if (!existsSync(join(root, folder))) return []
    const files = await readdir(join(root, folder))
    return files.filter((file) => file.endsWith('.md')).map((file) => join(folder, file))
  })
  it.each((await Promise.all(texts)).flat())('in %s', async (file) => {
    const links = parseRelativeLinks(await readFile(join(root, file), 'utf8'))
    const dead = links.filter((target) => !existsSync(join(root, dirname(file), target)))
    expect(dead).toEqual([])
  })
})

describe('the start of the README, from the packed tarballs, in an empty directory', () => {
  let tarballs: Tarballs
  let outside: Outside
  let server: Serving

  const path = (...parts: readonly string[]) => join(outside.directory, ...parts)
  const shell = (command: string, cwd = outside.directory): Promise<Run> =>
    run('sh', ['-c', command], { cwd, env: { npm_config_offline: 'true' } })

  beforeAll(async () => {
    tarballs = await packAll()
    outside = await createOutside()
    const words = install.trim().split(/\s+/).slice(2)
    await npmInstall(outside.directory, withTarballs(words))
    const certs = await shell(block('sh', 'npx mcp-mtls certs init'))
    if (certs.code !== 0) throw new Error(`certs: ${certs.stderr}${certs.stdout}`)
    await writeFile(path('policy.yaml'), block('yaml', 'version: 1'))
    server = await start('server.mjs', serverProgram, block('sh', 'node server.mjs'))
  }, 180_000)

  afterAll(async () => {
    await server?.stop()
    await outside?.remove()
    await tarballs?.remove()
  })

  /** The words of an install line: our packages by their tarballs, together with those they need. */
  function withTarballs(words: readonly string[]): readonly string[] {
    const isOurs = (word: string) => tarballs.all.some(({ name }) => name === word)
    return [...tarballs.pathsFor(...words.filter(isOurs)), ...words.filter((word) => !isOurs(word))]
  }

  /** Writes a program to a file, its port replaced by a free one, and starts it. */
  async function start(file: string, program: string, command = `node ${file}`): Promise<Serving> {
    expect(program).toContain('8443')
    const port = await findFreePort()
    await writeFile(path(file), program.replaceAll('8443', String(port)))
    return serve(command, { cwd: outside.directory, port })
  }

  async function callByCurl(call: (typeof calls)[number] | undefined, port: number): Promise<void> {
    const { code, stdout, stderr } = await shell(call!.command.replaceAll('8443', String(port)))
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(stdout.trim()).toBe(call!.output?.text.trim())
  }

  it.skipIf(!hasCurl)(`answers the allowed call as written${withoutCurl}`, () =>
    callByCurl(allowed, server.port),
  )

  it.skipIf(!hasCurl)(
    `answers the denied call as written, and logs the line that would allow it${withoutCurl}`,
    async () => {
      await callByCurl(denied, server.port)
      const hint = /`(add "deploy" to [^`]+)`/.exec(readme)?.[1]
      expect(hint).toBeDefined()
      expect(server.output().replaceAll('\\"', '"')).toContain(hint)
    },
  )

  describe('and the other snippets, after installing what they import', () => {
    beforeAll(async () => {
      await npmInstall(
        outside.directory,
        withTarballs([
          '@mcp-mtls/express',
          '@mcp-mtls/core',
          '@mcp-mtls/client',
          'express',
          '@modelcontextprotocol/client',
          '@modelcontextprotocol/sdk',
        ]),
      )
    }, 120_000)

    /** The server of the README up to the application, without Fastify. */
    const common = serverProgram
      .slice(0, serverProgram.indexOf('const app ='))
      .replace(/^import .*'(@mcp-mtls\/fastify|fastify)'\n/gm, '')
    const programs = [
      [
        'Express',
        `import express from 'express'\nconst app = express()\n`,
        block('js', "import { mcpMtls, tlsFromFiles } from '@mcp-mtls/express'"),
      ],
      ['plain Node', '', block('js', "import { createGuard, tlsFromFiles } from '@mcp-mtls/core'")],
    ] as const

    it.skipIf(!hasCurl).each(programs)(
      `%s answers both calls${withoutCurl}`,
      async (_, before, snippet) => {
        const other = await start('other.mjs', `${before}${common}${snippet}`)
        onTestFinished(other.stop)
        await callByCurl(allowed, other.port)
        await callByCurl(denied, other.port)
      },
    )

    it.each([
      [
        'v1',
        '@modelcontextprotocol/sdk/client/index.js',
        '@modelcontextprotocol/sdk/client/streamableHttp.js',
      ],
      ['v2', '@modelcontextprotocol/client', '@modelcontextprotocol/client'],
    ])('a client of SDK %s calls the server', async (_, clientModule, transportModule) => {
      const snippet = block('js', "import { mtlsFetch } from '@mcp-mtls/client'")
        .replaceAll('8443', String(server.port))
        .replace(/^import \{ Client, .*$/m, '')
        .replace('console.log(await client.listTools())', '')
      const program = `import { Client } from '${clientModule}'
import { StreamableHTTPClientTransport } from '${transportModule}'
${snippet}
const { tools } = await client.listTools()
const { content } = await client.callTool({ name: 'search', arguments: { q: 'mtls' } })
const denied = await client.callTool({ name: 'deploy', arguments: {} }).catch(({ code }) => code)
await client.close()
await fetch.close()
process.stdout.write(JSON.stringify({ tools: tools.map(({ name }) => name), content, denied }))
`
      await writeFile(path('client.mjs'), program)
      const { stdout, stderr } = await run(process.execPath, ['client.mjs'], { cwd: path() })
      expect(stderr).toBe('')
      expect(JSON.parse(stdout)).toEqual({
        tools: ['search'],
        content: [{ type: 'text', text: expect.stringContaining('results for mtls, found for') }],
        denied: -31403,
      })
    })
  })
})
