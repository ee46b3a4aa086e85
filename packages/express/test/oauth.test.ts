import { definePolicy, type OAuthOptions, tlsFromFiles } from '@mcp-mtls/core'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { mcpMtls } from '../src/index.js'
import { createStage, lines, silent } from './stage.js'

const stage = createStage()
const policy = definePolicy({
  version: 1,
  roles: { caller: { tools: ['search'] } },
  assignments: [{ certificate: 'any', token: 'any', roles: ['caller'] }],
})
const oauth: OAuthOptions = {
  resource: 'https://mcp.acme.test/mcp',
  issuers: [{ issuer: 'https://as.acme.test' }],
}

describe.each(lines)('OAuth on $line', ({ express }) => {
  async function mounted(mount: 'metadata' | 'nothing') {
    const draft = await stage.draft(express)
    const warn = vi.fn()
    const mcp = mcpMtls({ ...draft.options, policy, oauth, logger: { ...silent, warn } })
    if (mount === 'metadata') draft.app.use(mcp.metadata)
    draft.app.all('/mcp', mcp, draft.handler)
    const { server } = await draft.listen()
    await mcp.verify(server, '/mcp')
    return warn.mock.calls.map(([, text]) => String(text))
  }

  it('C18 warns where the metadata is not served, and only there', async () => {
    expect((await mounted('nothing')).join('\n')).toContain('add app.use(mcp.metadata)')
    expect((await mounted('metadata')).join('\n')).not.toContain('app.use(mcp.metadata)')
  })

  it('warns where nothing refuses strangers on other routes', async () => {
    const draft = await stage.draft(express)
    const { files } = stage.certificates
    const tls = await tlsFromFiles({ ...files, clientCertificate: 'request' })
    onTestFinished(() => tls.close())
    const start = async (required: boolean) => {
      const warn = vi.fn()
      const mcp = mcpMtls({ ...draft.options, tls, logger: { ...silent, warn } })
      onTestFinished(() => mcp.close())
      if (required) mcp.required('/mcp')
      await mcp.ready()
      return warn.mock.calls.flat().join('\n')
    }
    expect(await start(false)).toContain("add app.use(mcp.required('/mcp'))")
    expect(await start(true)).not.toContain('mcp.required')
  })
})
