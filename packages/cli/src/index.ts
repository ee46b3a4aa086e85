throw new Error(
  'import @mcp-mtls/fastify or @mcp-mtls/express; the package mcp-mtls is the command `mcp-mtls`',
)

export {}
