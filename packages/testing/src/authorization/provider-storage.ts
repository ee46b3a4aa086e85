import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider'

/** Where an authorization server keeps what it issued: in memory, one map for each kind of thing. */
export function createProviderStorage(): AdapterFactory {
  const models = new Map<string, Map<string, AdapterPayload>>()
  const everything = () => [...models.values()]
  return (name) => {
    const entries = models.get(name) ?? new Map<string, AdapterPayload>()
    models.set(name, entries)
    return createModel(name, entries, everything)
  }
}

function createModel(
  name: string,
  entries: Map<string, AdapterPayload>,
  everything: () => readonly Map<string, AdapterPayload>[],
): Adapter {
  const findBy = async (key: 'uid' | 'userCode', value: string) =>
    [...entries.values()].find((payload) => payload[key] === value)
  return {
    async upsert(id, payload) {
      entries.set(id, name === 'Client' ? withoutScope(payload) : payload)
    },
    find: async (id) => entries.get(id),
    findByUid: (uid) => findBy('uid', uid),
    findByUserCode: (userCode) => findBy('userCode', userCode),
    async consume(id) {
      const payload = entries.get(id)
      if (payload) payload['consumed'] = Math.floor(Date.now() / 1000)
    },
    async destroy(id) {
      entries.delete(id)
    },
    async revokeByGrantId(grantId) {
      for (const model of everything()) {
        for (const [id, payload] of model) if (payload.grantId === grantId) model.delete(id)
      }
    },
  }
}

/**
 * SDK clients register with the scopes they need first, and this server would hold them to these: a
 * later step-up could never succeed.
 */
function withoutScope(payload: AdapterPayload): AdapterPayload {
  const { scope: _, ...rest } = payload
  return rest
}
