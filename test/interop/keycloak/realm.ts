/** The names of a realm; everybody has the same password. */
export interface RealmOptions {
  /** The `aud` of tokens: the canonical URI of the MCP server. */
  readonly resource: string
  readonly redirectUrl: string
  readonly password: string
  /** Common names of the certificates of the agent and of the MCP server. */
  readonly commonNames: { readonly agent: string; readonly server: string }
}

/** What Keycloak is asked to import; the members are those of its admin API. */
export interface Realm {
  readonly realm: string
  readonly [member: string]: unknown
}

/**
 * A realm with the user ada in the group platform, and bob in the group support with the realm role auditor.
 * Its clients all authenticate by a certificate; each differs from `agent` in what its name says.
 */
export function toRealm(options: RealmOptions): Realm {
  const { commonNames } = options
  const agent = toAgent(options)
  const { attributes, protocolMappers } = agent
  const [audience, ...otherMappers] = protocolMappers
  return {
    realm: 'acme',
    enabled: true,
    sslRequired: 'all',
    roles: { realm: [{ name: 'auditor' }] },
    groups: [{ name: 'platform' }, { name: 'support' }],
    users: [
      toUser('ada', options, { groups: ['/platform'] }),
      toUser('bob', options, { groups: ['/support'], realmRoles: ['auditor'] }),
    ],
    clients: [
      agent,
      {
        ...agent,
        clientId: 'agent-rfc9068',
        attributes: { ...attributes, 'access.token.header.type.rfc9068': 'true' },
        protocolMappers: [...protocolMappers, clientIdOfUsers('agent-rfc9068')],
      },
      {
        ...agent,
        clientId: 'agent-unbound',
        attributes: { ...attributes, 'tls.client.certificate.bound.access.tokens': 'false' },
      },
      { ...agent, clientId: 'agent-elsewhere', protocolMappers: otherMappers },
      {
        ...agent,
        clientId: 'agent-id-token',
        protocolMappers: [
          { ...audience, config: { ...audience.config, 'id.token.claim': 'true' } },
        ],
      },
      { ...agent, clientId: 'mcp-server', attributes: toAttributes(commonNames.server) },
    ],
  }
}

function toAgent({ resource, redirectUrl, commonNames }: RealmOptions) {
  return {
    clientId: 'agent',
    enabled: true,
    clientAuthenticatorType: 'client-x509',
    standardFlowEnabled: true,
    serviceAccountsEnabled: true,
    redirectUris: [redirectUrl],
    attributes: toAttributes(commonNames.agent),
    // An import adds the scope of service accounts to no client; it brings the claim `client_id`.
    defaultClientScopes: ['basic', 'roles', 'profile', 'service_account'],
    protocolMappers: [toAudience(resource), groupsClaim] as const,
  }
}

function toAttributes(commonName: string) {
  return {
    'x509.subjectdn': `CN=${commonName}`,
    'x509.allow.regex.pattern.comparison': 'false',
    'tls.client.certificate.bound.access.tokens': 'true',
    'pkce.code.challenge.method': 'S256',
  }
}

const protocol = 'openid-connect'

/** Keycloak does not know resource indicators (RFC 8707); this is how it names an audience. */
function toAudience(resource: string) {
  return {
    name: 'audience of the MCP server',
    protocol,
    protocolMapper: 'oidc-audience-mapper',
    config: {
      'included.custom.audience': resource,
      'access.token.claim': 'true',
      'introspection.token.claim': 'true',
    },
  }
}

const groupsClaim = {
  name: 'groups',
  protocol,
  protocolMapper: 'oidc-group-membership-mapper',
  config: {
    'claim.name': 'groups',
    'full.path': 'false',
    'access.token.claim': 'true',
    'introspection.token.claim': 'true',
  },
}

/** Without it only tokens of service accounts have the `client_id` that RFC 9068 section 2.2 requires. */
function clientIdOfUsers(clientId: string) {
  return {
    name: 'client_id',
    protocol,
    protocolMapper: 'oidc-hardcoded-claim-mapper',
    config: {
      'claim.name': 'client_id',
      'claim.value': clientId,
      'jsonType.label': 'String',
      'access.token.claim': 'true',
    },
  }
}

// A user without names and address is sent to a page to complete the profile.
function toUser(username: string, { password }: RealmOptions, member: object) {
  return {
    username,
    enabled: true,
    email: `${username}@acme.test`,
    emailVerified: true,
    firstName: username,
    lastName: 'Acme',
    credentials: [{ type: 'password', value: password, temporary: false }],
    ...member,
  }
}
