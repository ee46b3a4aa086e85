import type { HttpResponse } from './write-answer.js'

/** What Node's own response keeps of its head: what `headersSent` and `setHeader` go by. */
interface HeadOwner {
  _header?: string | null
}

/** No head of HTTP: whatever would send it past the interceptor sends what no client reads. */
const HELD = 'held\r\n'

/**
 * Makes a response look as if its head had been sent, while it is held back: `headersSent` is true, and
 * headers can be set no more.
 */
export function holdHead(res: HttpResponse): void {
  if ('stream' in res) {
    Object.defineProperty(res, 'headersSent', { value: true, configurable: true })
    return
  }
  // Not a property of its own: to define one and delete it again costs more than to filter a short answer.
  const owner: HttpResponse & HeadOwner = res
  owner._header = HELD
}

/** Takes back what `holdHead` did, if it did. */
export function releaseHead(res: HttpResponse): void {
  if ('stream' in res) {
    if (Object.hasOwn(res, 'headersSent')) Reflect.deleteProperty(res, 'headersSent')
    return
  }
  const owner: HttpResponse & HeadOwner = res
  if (owner._header === HELD) owner._header = null
}
