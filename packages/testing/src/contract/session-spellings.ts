/** The application's own id, and the id as its owner knows it, ready for a URL. */
interface SessionIds {
  readonly raw: string
  readonly sealed: string
}

/** A way to name the application's own id to a query parser that is more generous than the guard. */
export interface Spelling {
  readonly what: string
  readonly target: (ids: SessionIds) => string
  readonly headers?: (ids: SessionIds) => readonly string[]
}

const names: readonly string[] = [
  'sessionId',
  'sessionId[]',
  'sessionId[0]',
  '[sessionId]',
  '%5BsessionId%5D',
  '%73essionId',
  'SESSIONID',
  'sessionId%00',
  'sessionId%20',
  'session%49d',
  'x;sessionId',
  '?sessionId',
  '__proto__[sessionId]',
]

/** Each is refused, whatever framework parses the query. */
export const spellings: readonly Spelling[] = [
  ...names.map((name) => ({
    what: `the bare id as ${name}`,
    target: ({ raw }: SessionIds) => `?${name}=${raw}`,
  })),
  ...['[sessionId]', 'sessionId[]', 'SessionId', 'x;sessionId'].flatMap((name) => [
    {
      what: `the bare id as ${name} after the sealed one`,
      target: ({ raw, sealed }: SessionIds) => `?sessionId=${sealed}&${name}=${raw}`,
    },
    {
      what: `the bare id as ${name} before the sealed one`,
      target: ({ raw, sealed }: SessionIds) => `?${name}=${raw}&sessionId=${sealed}`,
    },
  ]),
  { what: 'two ids', target: ({ raw }) => `?sessionId=a&sessionId=${raw}` },
  {
    what: 'the sealed id and the bare one',
    target: ({ raw, sealed }) => `?sessionId=${sealed}&sessionId=${raw}`,
  },
  {
    what: 'the sealed id twice',
    target: ({ sealed }) => `?sessionId=${sealed}&sessionId=${sealed}`,
  },
  { what: 'the bare id after #', target: ({ raw }) => `#sessionId=${raw}` },
  { what: 'the bare id after # and before ?', target: ({ raw }) => `#sessionId=${raw}&x=?y` },
  { what: 'the bare id after ? and #', target: ({ raw }) => `?x=1#&sessionId=${raw}` },
  { what: 'the bare id after ;', target: ({ raw }) => `;sessionId=${raw}` },
  {
    what: 'the sealed id in the query and a bare one in the header',
    target: ({ sealed }) => `?sessionId=${sealed}`,
    headers: ({ raw }) => [`mcp-session-id: ${raw}`],
  },
  {
    what: 'the bare id in the query and the sealed one in the header',
    target: ({ raw }) => `?sessionId=${raw}`,
    headers: ({ sealed }) => [`mcp-session-id: ${decodeURIComponent(sealed)}`],
  },
  {
    what: 'the header sent twice',
    target: ({ sealed }) => `?sessionId=${sealed}`,
    headers: ({ sealed }) => [
      `mcp-session-id: ${decodeURIComponent(sealed)}`,
      `MCP-Session-Id: ${decodeURIComponent(sealed)}`,
    ],
  },
]
