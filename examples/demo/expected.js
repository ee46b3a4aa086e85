/** Who calls, and the name in that caller's certificate. */
export const identities = {
  reader: 'spiffe://acme.test/agents/reader',
  operator: 'spiffe://acme.test/ops/operator',
  stranger: 'spiffe://acme.test/guests/stranger',
}

/** What the servers offer and, by policy.yaml, to whom. Listed and callable are the same set. */
export const byCertificate = {
  callers: Object.keys(identities),
  rows: [
    { kind: 'tool', name: 'search', allowed: ['reader', 'operator'] },
    { kind: 'tool', name: 'docs.read', allowed: ['reader', 'operator'] },
    { kind: 'tool', name: 'docs.purge', allowed: [] },
    { kind: 'tool', name: 'status', allowed: ['operator'] },
    { kind: 'tool', name: 'deploy', allowed: ['operator'] },
    { kind: 'prompt', name: 'summary', allowed: ['reader', 'operator'] },
    { kind: 'prompt', name: 'incident-report', allowed: ['operator'] },
    { kind: 'resource', name: 'file:///public/handbook', allowed: ['reader', 'operator'] },
    { kind: 'resource', name: 'file:///runbooks/rollback', allowed: ['operator'] },
    { kind: 'resource', name: 'file:///private/salaries', allowed: [] },
  ],
}

/** The same with tokens, by paired-policy.yaml. All of these callers present the reader's certificate. */
export const byToken = {
  callers: ['alice', 'bob', 'no token', 'stolen token'],
  rows: [
    { kind: 'tool', name: 'search', allowed: ['alice', 'bob'] },
    { kind: 'tool', name: 'docs.read', allowed: ['alice', 'bob'] },
    { kind: 'tool', name: 'docs.purge', allowed: [] },
    { kind: 'tool', name: 'deploy', allowed: ['alice'] },
    { kind: 'prompt', name: 'incident-report', allowed: ['alice'] },
    { kind: 'resource', name: 'file:///public/handbook', allowed: ['alice', 'bob'] },
  ],
}

/** Why nothing is allowed to the others, as the audit event says it. */
export const refusals = { 'no token': 'missing', 'stolen token': 'binding' }
