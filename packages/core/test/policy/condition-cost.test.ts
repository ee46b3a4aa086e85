import { describe, expect, it } from 'vitest'
import { decide } from '../../src/policy/decide.js'
import { definePolicy } from '../../src/policy/define.js'
import type { DenyDefinition } from '../../src/policy/definition.js'
import type { Principal } from '../../src/policy/principal.js'
import { holderOf, resource } from './peer.js'

/** Scheme, credentials, encodings, slashes, query: there are 32 texts this may be read as. */
const manifold = 'HTTP://u@a.test//%61%C3%A9//0?q#f'
const plain = 'file:///srv/a.md'

/** How often conditions that read the name of the caller are asked in one decision. */
function countAsked(
  role: { readonly resources: DenyDefinition['resources']; readonly deny?: DenyDefinition },
  uri: string,
): number {
  const policy = definePolicy({ version: 1, roles: { r: role } })
  let asked = 0
  const principal: Principal = {
    ...holderOf('r'),
    get name() {
      asked += 1
      return 'default/dns:a.test'
    },
  }
  decide(policy, principal, resource(uri))
  return asked
}

describe('what conditions on a URI cost', () => {
  it('D37 a deny is asked about each form of a URI once, not once for each pair of forms', () => {
    const when = 'principal.name == "nobody" || uri.contains("/.git/")'
    const one = { resources: ['**'], deny: { resources: [{ uri: '**', when }] } }
    expect(countAsked(one, manifold)).toBe(32)
    expect(countAsked(one, plain)).toBe(1)
    const uri = 'https://h.test/**'
    const two = {
      resources: ['**'],
      deny: {
        resources: [
          { uri: '**', when },
          { uri, when },
        ],
      },
    }
    expect(countAsked(two, manifold)).toBe(32)
    expect(countAsked(two, manifold.replace('a.test', 'h.test').replace('HTTP:', 'HTTPS:'))).toBe(
      64,
    )
  })

  it('D37 a condition on the caller alone is asked once, however many forms the URI has', () => {
    const when = 'principal.name == "nobody"'
    expect(
      countAsked({ resources: ['**'], deny: { resources: [{ uri: '**', when }] } }, manifold),
    ).toBe(1)
    expect(countAsked({ resources: [{ uri: 'file:///**', when }] }, 'file:///a/../%61')).toBe(1)
  })

  it('D37 an allow is asked about forms that differ alone', () => {
    const when = 'principal.name != "nobody" && uri != ""'
    const role = { resources: [{ uri: 'file:///**', when }] }
    expect(countAsked(role, plain)).toBe(1)
    expect(countAsked(role, 'file:///%61/a')).toBe(2)
    expect(countAsked(role, 'file:///a/../%61')).toBe(3)
  })

  it('D10 a deny holds for whichever form its condition is true of', () => {
    const policy = definePolicy({
      version: 1,
      roles: {
        r: {
          resources: ['**'],
          deny: { resources: [{ uri: '**', when: 'uri.endsWith("/a\u00e9/0")' }] },
        },
      },
    })
    expect(decide(policy, holderOf('r'), resource(manifold))).toMatchObject({ reason: 'denied' })
    expect(decide(policy, holderOf('r'), resource(`${manifold}/1`)).effect).toBe('deny')
    expect(decide(policy, holderOf('r'), resource('file:///a/1')).effect).toBe('allow')
  })
})
