import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide, permits } from '../../src/policy/decide.js'
import { definePolicy } from '../../src/policy/define.js'
import { expectLinearTime } from '../linear-time.js'
import { holderOf, resource, template } from './peer.js'

function denying(...resources: readonly string[]) {
  return definePolicy({ version: 1, roles: { r: { resources: ['**'], deny: { resources } } } })
}

function permitsUri(denied: string, uri: string): boolean {
  return permits(denying(denied), holderOf('r'), resource(uri))
}

describe('a deny that is a template', () => {
  it.each([
    ['db://secret/{id}', 'db://secret/1'],
    ['db://secret/{id}', 'db://secret/'],
    ['db://secret/{id}', 'db://secret/a/b'],
    ['db://secret/{id}', 'db://secret/1?x#y'],
    ['db://secret/{id}', 'db://user@secret/1'],
    ['db://secret/{id}', 'DB://secret/1'],
    ['db://secret/{id}', 'db://secret/%31'],
    ['db://secret/{id}', 'db://secret//1'],
    ['db://secret/{id}', 'db://secret/x/../1'],
    ['db://secret/{id}', 'db://secret%2F1'],
    ['db://secret/{id}', 'db://secret/{id}'],
    ['DB://secret/{id}', 'db://secret/1'],
    ['HTTPS://H.test:443/%61/{id}', 'https://h.test/a/1'],
    ['users://{id}/secret', 'users://7/secret'],
    ['users://{id}/secret', 'users://7/%73ecret'],
    ['users://{id}/secret', 'users://7/secret?all'],
    ['db://{+path}', 'db://a/b/c'],
    ['file:///caf\u00e9/{id}', 'file:///caf%C3%A9/1'],
    ['file:///caf%c3%a9/{id}', 'file:///caf\u00e9/1'],
    ['file:///caf%c3%a9/{id}', 'file:///caf%C3%A9/1'],
    ['https://{tenant}.acme.test/keys/{id}', 'https://A.acme.test/keys/1'],
    ['https://h.test/{a}/{b}{?q}', 'https://h.test/1/2?q=3'],
    ['https://h.test/find{?q}', 'https://h.test/find?q=1'],
    ['https://h.test/find{?q}', 'https://h.test/find'],
    ['https://h.test/find?a=1{&q}', 'https://h.test/find?a=1&q=2'],
    ['https://h.test/find{&q}', 'https://h.test/find&q=2'],
    ['https://h.test/find{?q}{&r}', 'https://h.test/find&r=2'],
    ['https://h.test/find{?q}{#at}', 'https://H.test/%66ind?q=1#x'],
    ['file:///secret{/path*}', 'file:///secret/a/b'],
    ['{+uri}', 'file:///a'],
  ])('D10 %s denies %s', (denied, uri) => {
    expect(decide(denying(denied), holderOf('r'), resource(uri))).toEqual({
      effect: 'deny',
      reason: 'denied',
      rule: 'roles.r.deny.resources[0]',
    })
  })

  it.each([
    ['db://secret/{id}', 'db://secret'],
    ['db://secret/{id}', 'db://secrets/1'],
    ['db://secret/{id}', 'db://public/secret/1'],
    ['users://{id}/secret', 'users://7/profile'],
    ['users://{id}/secret', 'users://7/secret/2'],
    ['https://h.test/find{?q}', 'https://h.test/finder'],
    ['https://h.test/find{?q}', 'https://h.test/find/a'],
  ])('%s leaves %s alone', (denied, uri) => {
    expect(permitsUri(denied, uri)).toBe(true)
  })

  it.each([
    ['db://secret/{id}', 'db://secret/{id}', false],
    ['db://secret/{id}', 'db://secret/{other}', false],
    ['db://secret/{id}', 'db://secret/a/{b}', false],
    ['db://secret/{id}', 'db://{name}/{id}', true],
    ['users://{id}/secret', 'users://{id}/secret', false],
    ['users://{id}/secret', 'users://{id}/profile', true],
    ['https://h.test/find{?q}', 'https://h.test/find{?q}', false],
    ['https://h.test/find{?q}', 'https://h.test/finder/{id}', true],
  ])('D19 with %s denied, the template %s is listed: %s', (denied, uriTemplate, expected) => {
    expect(permits(denying(denied), holderOf('r'), template(uriTemplate))).toBe(expected)
  })

  it('D08 denies where its condition is anything but false', () => {
    const policy = definePolicy({
      version: 1,
      roles: {
        r: {
          resources: ['**'],
          deny: { resources: [{ uri: 'db://{table}/rows', when: 'uri.contains("secret")' }] },
        },
      },
    })
    expect(permits(policy, holderOf('r'), resource('db://secret/rows'))).toBe(false)
    expect(permits(policy, holderOf('r'), resource('db://public/rows'))).toBe(true)
    expect(permits(policy, holderOf('r'), template('db://{table}/rows'))).toBe(true)
  })

  it('an allow that is a template still allows the template alone', () => {
    const policy = definePolicy({ version: 1, roles: { r: { resources: ['db://open/{id}'] } } })
    expect(permits(policy, holderOf('r'), template('db://open/{id}'))).toBe(true)
    expect(permits(policy, holderOf('r'), resource('db://open/1'))).toBe(false)
  })

  it('D10 denies whatever stands in place of its expressions', () => {
    const policy = denying('db://secret/{id}', 'users://{id}/keys/{+rest}')
    const holder = holderOf('r')
    fc.assert(
      fc.property(fc.webPath(), fc.string(), (path, text) => {
        for (const uri of [`db://secret/${text}`, `users://${text}/keys/${path}`]) {
          expect(decide(policy, holder, resource(uri))).toMatchObject({ reason: 'denied' })
        }
      }),
    )
  })

  it('takes one whose other spellings are longer than a pattern may be', () => {
    const spell = (character: string) => `file:///${`${character.repeat(170)}/`.repeat(5)}`
    expect(permitsUri(`${spell('\u00e9')}{id}`, `${spell('%C3%A9')}1`)).toBe(false)
    expect(permitsUri(`${spell('\u00e9')}{id}`, `${spell('%C3%A8')}1`)).toBe(true)
  })

  it('D37 is compared in linear time', () => {
    const policy = denying('db://{a}a{b}a{c}a{d}b')
    const create = (size: number) => resource(`db://${'a'.repeat(size)}`)
    const run = (operation: ReturnType<typeof resource>) =>
      expect(permits(policy, holderOf('r'), operation)).toBe(true)
    expectLinearTime({ size: 8000, create, run })
  })
})
