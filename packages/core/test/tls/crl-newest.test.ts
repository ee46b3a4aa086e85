import { X509Certificate } from 'node:crypto'
import { type CertificateAuthority, createCertificateAuthority } from '@mcp-mtls/authority'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Crl, parseCrl } from '../../src/tls/crl.js'
import { mergeCrls, pickNewest } from '../../src/tls/crl-newest.js'
import { buildCrl, entry, extension, integer, issuingPoint, utcTime } from './crl-builder.js'

const day = 86_400_000
const start = Date.now() - 5 * day

let ca: CertificateAuthority
let anchors: readonly X509Certificate[]
beforeAll(async () => {
  ca = await createCertificateAuthority({ name: 'Test CA' })
  anchors = [new X509Certificate(ca.certificate)]
})

interface Age {
  readonly hour: number
  readonly number?: number | undefined
  readonly point?: number | undefined
}

function crlOf({ hour, number, point }: Age, place = 'list.crl'): Crl {
  const bytes = buildCrl(ca, {
    thisUpdate: utcTime(start + hour * 3_600_000),
    extensions: [
      ...(number === undefined ? [] : [extension(0x14, integer(`0${number}`))]),
      ...(point === undefined ? [] : [extension(0x1c, issuingPoint(`http://ca.test/${point}`))]),
    ],
  })
  return parseCrl(bytes, place)
}

const ages = fc.record({
  hour: fc.nat(5),
  number: fc.option(fc.nat(5), { nil: undefined }),
  point: fc.option(fc.nat(1), { nil: undefined }),
})

describe('the newest of several CRLs', () => {
  it('A29 is the one with the larger number where the dates are the same', () => {
    const [first, second] = [crlOf({ hour: 1, number: 1 }), crlOf({ hour: 1, number: 2 })]
    const unnumbered = crlOf({ hour: 1 })
    expect(pickNewest([first, second, unnumbered])).toEqual([second])
    expect(pickNewest([unnumbered, second, first])).toEqual([second])
  })

  it('A29 goes by date whatever the numbers, in whichever order they stand', () => {
    const crls = [crlOf({ hour: 3, number: 1 }), crlOf({ hour: 2 }), crlOf({ hour: 1, number: 2 })]
    const orders = [
      [0, 1, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ]
    for (const order of orders) {
      expect(pickNewest(order.flatMap((index) => crls[index] ?? []))).toEqual([crls[0]])
    }
  })

  it('A29 is there although two older ones are rivals', () => {
    const rivals = [crlOf({ hour: 1, number: 1 }), crlOf({ hour: 1, number: 1 })]
    const newest = crlOf({ hour: 2, number: 2 })
    expect(pickNewest([...rivals, newest])).toEqual([newest])
    expect(() => pickNewest(rivals)).toThrow('same date and number')
  })
})

describe('CRLs in use and those of an answer', () => {
  it('A29 come out never older, and none is lost, whatever is answered', () => {
    fc.assert(
      fc.property(fc.array(fc.array(ages, { maxLength: 3 }), { maxLength: 5 }), (answers) => {
        let held: readonly Crl[] = []
        for (const answer of answers) {
          const next = mergeOrKeep(
            held,
            answer.map((age) => crlOf(age)),
          )
          for (const before of held) expectNoneOlder(before, next)
          held = next
        }
      }),
      { numRuns: 100 },
    )
  })

  it('A29 leave out what none of the CA certificates signed', async () => {
    const twin = await createCertificateAuthority({ name: 'Test CA' })
    const forged = parseCrl(buildCrl(twin, { entries: [entry('21')] }), 'list.crl')
    const held = crlOf({ hour: 1 })
    expect(mergeCrls({ held: [held], found: [forged], anchors })).toEqual([held])
    expect(mergeCrls({ held: [held, forged], found: [], anchors })).toEqual([held])
  })

  it('A29 stay the same objects where the answer holds the same bytes', () => {
    const held = crlOf({ hour: 1, number: 1 })
    const [merged] = mergeCrls({ held: [held], found: [parseCrl(held.der, 'again')], anchors })
    expect(merged).toBe(held)
  })
})

function toPoint({ scope }: Crl): string {
  return [...(scope ?? [])].join()
}

function expectNoneOlder(before: Crl, next: readonly Crl[]): void {
  const after = next.find((one) => toPoint(one) === toPoint(before))
  expect(after?.thisUpdate).toBeGreaterThanOrEqual(before.thisUpdate)
  if (after?.thisUpdate !== before.thisUpdate) return
  expect((after.number ?? -1n) >= (before.number ?? -1n)).toBe(true)
}

function mergeOrKeep(held: readonly Crl[], found: readonly Crl[]): readonly Crl[] {
  try {
    return mergeCrls({ held, found, anchors })
  } catch (error) {
    expect(String(error)).toMatch(/contradict|same date and number/)
    return held
  }
}
