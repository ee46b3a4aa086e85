import { afterAll, beforeAll, describe } from 'vitest'
import type { StartAdapter } from './adapter.js'
import { describeAudit } from './contract/audit.js'
import { describeBatches } from './contract/batches.js'
import { describeClients } from './contract/clients.js'
import { describeClosing } from './contract/closing.js'
import { describeConcurrency } from './contract/concurrency.js'
import { describeCredentials } from './contract/credentials.js'
import { describeDecisions } from './contract/decisions.js'
import { describeFailures } from './contract/failures.js'
import { describeHttp } from './contract/http.js'
import { describeHttpSse } from './contract/http-sse.js'
import { describeIdentity } from './contract/identity.js'
import { describeLists } from './contract/lists.js'
import { describeObserve } from './contract/observe.js'
import { describeOptions } from './contract/options.js'
import { describeProtocol } from './contract/protocol.js'
import { describeSecondOpinion } from './contract/second-opinion.js'
import { describeSessionSecrets } from './contract/session-secrets.js'
import { describeSessionTakeover } from './contract/session-takeover.js'
import { createStage } from './contract/stage.js'
import { describeTaskExtension } from './contract/task-extension.js'
import { describeTasks } from './contract/tasks.js'
import { describeTokens } from './contract/tokens.js'
import { describeUpgrades } from './contract/upgrades.js'

export { formatTable } from './contract/credentials.js'

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
    describeCredentials(stage)
    describeTokens(stage)
    describeDecisions(stage)
    describeProtocol(stage)
    describeHttp(stage)
    describeLists(stage)
    describeTasks(stage)
    describeTaskExtension(stage)
    describeAudit(stage)
    describeSessionTakeover(stage)
    describeSessionSecrets(stage)
    describeHttpSse(stage)
    describeConcurrency(stage)
    describeObserve(stage)
    describeOptions(stage)
    describeBatches(stage)
    describeSecondOpinion(stage)
    describeUpgrades(stage)
    describeFailures(stage)
    describeClosing(stage)
  })
}
