import { afterAll, beforeAll, describe } from 'vitest'
import type { StartAdapter } from './adapter.js'
import { describeAudit } from './contract/audit.js'
import { describeClients } from './contract/clients.js'
import { describeClosing } from './contract/closing.js'
import { describeDecisions } from './contract/decisions.js'
import { describeHttp } from './contract/http.js'
import { describeIdentity } from './contract/identity.js'
import { describeLists } from './contract/lists.js'
import { describeProtocol } from './contract/protocol.js'
import { createStage } from './contract/stage.js'

/** What an adapter cannot do by nature, in the words of the scenarios it leaves out. */
export interface AdapterOffers {
  /** Default true: `start` honours `setup.http2`. */
  readonly http2?: boolean
}

/**
 * Defines the suite every adapter passes: the same scenarios over real TLS with the real SDK clients.
 * `start` serves one guarded endpoint as an application would and is called once per scenario.
 */
export function adapterContract(
  name: string,
  start: StartAdapter,
  offers: AdapterOffers = {},
): void {
  describe(`the adapter for ${name}`, () => {
    const stage = createStage(start)
    beforeAll(() => stage.prepare())
    afterAll(() => stage.clear())

    describeClients(stage)
    describeIdentity(stage, { http2: offers.http2 ?? true })
    describeDecisions(stage)
    describeProtocol(stage)
    describeHttp(stage)
    describeLists(stage)
    describeAudit(stage)
    describeClosing(stage)
  })
}
