/** Messages as MCP clients and servers send them, of both eras. */
const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'fuzz', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

export const bodies = [
  request('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'fuzz', version: '1' },
  }),
  { jsonrpc: '2.0', method: 'notifications/initialized' },
  request('ping'),
  request('tools/list', { cursor: 'page-2' }),
  request('tools/call', { name: 'search', arguments: { query: 'a "b" \\ c', deep: [{ a: {} }] } }),
  request('tools/call', { name: 'deploy', arguments: { env: 'dev' }, _meta: envelope }),
  request('tools/call', {
    name: 'search',
    _meta: { 'io.modelcontextprotocol/related-task': { taskId: 't-1' }, progressToken: 7 },
  }),
  { jsonrpc: '2.0', method: 'tools/call', params: { name: 'search' } },
  request('prompts/get', { name: 'summary', arguments: { of: 'x' } }),
  request('resources/read', { uri: 'file:///public/a%20b.txt' }),
  request('completion/complete', {
    ref: { type: 'ref/prompt', name: 'summary' },
    argument: { name: 'of', value: 'x' },
  }),
  request('completion/complete', {
    ref: { type: 'ref/resource', uri: 'file:///{path}' },
    argument: { name: 'path', value: '' },
  }),
  request('tasks/get', { taskId: 't-1' }),
  request('subscriptions/listen', {
    notifications: { resourceSubscriptions: ['file:///public/a'], toolsListChanged: true },
    _meta: envelope,
  }),
  request('skills/list', { name: 'x' }),
  { jsonrpc: '2.0', id: 's-1', result: { roots: [] } },
  { jsonrpc: '2.0', id: 's-2', error: { code: -1, message: 'no' } },
  [request('tools/call', { name: 'search' }, 'a'), request('tools/call', { name: 'purge' }, 'b')],
]

export const answers = [
  answer({
    tools: [tool('search'), tool('purge'), tool('docs.read'), tool('secret.sauce')],
    nextCursor: 'page-2',
    cacheScope: 'public',
  }),
  answer({ prompts: [{ name: 'summary' }, { name: 'secret-prompt' }] }),
  answer({
    resources: [
      { uri: 'file:///public/a', name: 'a' },
      { uri: 'file:///secret/b', name: 'b' },
    ],
  }),
  answer({ resourceTemplates: [{ uriTemplate: 'file:///secret/{name}', name: 's' }] }),
  answer({ content: [{ type: 'text', text: 'one\ntwo "tools" \\u0022 \u2028 data: {}' }] }),
  answer({ tasks: [{ taskId: 't-1', status: 'working' }] }),
  {
    jsonrpc: '2.0',
    method: 'notifications/resources/updated',
    params: { uri: 'file:///secret/b' },
  },
  {
    jsonrpc: '2.0',
    method: 'notifications/resources/updated',
    params: { uri: 'file:///public/a' },
  },
  { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 7, progress: 0.5 } },
  { jsonrpc: '2.0', id: 3, error: { code: -32601, message: 'Method not found' } },
  [answer({ tools: [tool('purge')] }), answer({ prompts: [{ name: 'secret-prompt' }] })],
]

/** What the caller of the examined streams may be told of; everything else is denied. */
export const permitted = new Set(['search', 'docs.read', 'summary', 'file:///public/a'])

/** Lists of an answer, and the key that names an element. */
export const lists = {
  tools: 'name',
  prompts: 'name',
  resources: 'uri',
  resourceTemplates: 'uriTemplate',
}

function request(method, params, id = 1) {
  return { jsonrpc: '2.0', id, method, ...(params && { params }) }
}

function answer(result) {
  return { jsonrpc: '2.0', id: 1, result }
}

function tool(name) {
  return { name, description: `The ${name}`, inputSchema: { type: 'object' } }
}
