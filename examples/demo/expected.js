/** Who calls, and the name in that caller's certificate. */
export const identities = {
  reader: 'spiffe://acme.test/agents/reader',
  operator: 'spiffe://acme.test/ops/operator',
  stranger: 'spiffe://acme.test/guests/stranger',
}

/** What the servers offer and, by policy.yaml, to whom. Listed and callable are the same set. */
export const expected = [
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
]
