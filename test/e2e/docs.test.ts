import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestCertificates, rawRequest, type TestCertificates } from '@mcp-mtls/testing'
import { formatTable } from '@mcp-mtls/testing/contract'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { parseBlocks } from '../pack/markdown.js'
import { findFreePort, serve } from '../pack/serve.js'
import { run } from './programs.js'

const root = new URL('../../', import.meta.url).pathname
const guide = await readFile(join(root, 'docs/oauth.md'), 'utf8')
const blocks = parseBlocks(guide)

/** The first block of a language that begins so. */
function block(language: string, beginning: string): string {
  const found = blocks.find((one) => one.language === language && one.text.startsWith(beginning))
  if (found === undefined) throw new Error(`docs/oauth.md has no block "${beginning}"`)
  return found.text
}

describe('docs/oauth.md', () => {
  it('C11 has the table of credentials as the contract of the adapters asks for it', () => {
    expect(guide).toContain(`\n${formatTable()}\n`)
  })

  describe('its examples', () => {
    let certificates: TestCertificates
    beforeAll(async () => {
      certificates = await createTestCertificates()
      await writeFile(join(certificates.directory, 'policy.yaml'), block('yaml', 'version: 1'))
    })
    afterAll(() => certificates.remove())

    const fastify = block('js', "import { mcpMtls, tlsFromFiles } from '@mcp-mtls/fastify'")
    const oauth = /^ {2}oauth: (\{.*?^ {2}\}),$/ms.exec(fastify)?.[1]
    const express = `import express from 'express'
${fastify.slice(0, fastify.indexOf('const app =')).replace('@mcp-mtls/fastify', '@mcp-mtls/express')}
const oauth = ${oauth}
${block('js', 'const mtls = mcpMtls(')}`

    it.each([
      ['Fastify', fastify],
      ['Express', express],
    ])('guard a server: %s', async (_, example) => {
      const port = await findFreePort()
      const { directory, clients } = certificates
      const file = join(directory, `server-${port}.mjs`)
      const inDirectory = `process.chdir(${JSON.stringify(directory)})\n`
      expect(example).toContain('8443')
      await writeFile(file, inDirectory + example.replaceAll('8443', String(port)))
      // Read from standard input, a program finds its imports from the working directory on.
      const command = `${process.execPath} --input-type=module < ${file}`
      const server = await serve(command, { cwd: join(root, 'test'), port })
      onTestFinished(server.stop)
      const ask = (path: string, certificate: (typeof clients)['none'], method = 'GET') =>
        rawRequest(`https://localhost:${port}${path}`, { certificate, method })

      const metadata = await ask('/.well-known/oauth-protected-resource/mcp', clients.none)
      expect(metadata).toMatchObject({
        status: 200,
        json: {
          tls_client_certificate_bound_access_tokens: true,
          scopes_supported: ['tools:read'],
        },
      })
      const known = await ask('/mcp', clients.reader, 'POST')
      expect(known).toMatchObject({ status: 401, json: { error: { code: -31401 } } })
      expect(known.headers['www-authenticate']).toMatch(/^Bearer scope="tools:read", resource_m/)
      expect((await ask('/mcp', clients.none, 'POST')).status).toBe(403)
      expect((await ask('/other', clients.reader)).status).toBe(404)
      expect([403, 404]).toContain((await ask('/other', clients.none)).status)
    })
  })
})

describe('examples/oauth', () => {
  it('C20 signs in, steps up, keeps users apart, and refuses a token of another certificate', async () => {
    const port = await findFreePort()
    const { code, stdout, stderr } = await run(
      process.execPath,
      ['examples/oauth/main.js', String(port)],
      { cwd: root },
    )
    expect(code, stderr).toBe(0)
    const [, alice = '', bob = ''] = stdout.split(/\n\n/)
    for (const line of [
      'alice signs in and allows tools:read',
      'search: done for default/spiffe:spiffe://acme.test/agents/reader+https://',
      'challenge deploy: insufficient-scope',
      'alice signs in and allows tools:read tools:deploy',
      'deploy: done for default/spiffe:spiffe://acme.test/agents/reader+https://',
      'deny POST: binding',
      'another certificate with the same token: 401',
    ]) {
      expect(alice).toContain(line)
    }
    expect(bob).toContain('search: done for')
    expect(bob).toContain('deploy    -31403 Not allowed')
  })
})
