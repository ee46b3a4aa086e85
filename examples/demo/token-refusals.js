import { openFetch, postMessage } from './clients.js'
import { refusals } from './expected.js'

/** One request of each caller that must be refused, at every server: what it is told, and what the log says. */
export async function tryTokens(servers, credentials) {
  const attempts = []
  for (const [who, wanted] of Object.entries(refusals)) {
    const wrong = []
    let refusal
    for (const [name, { url, log }] of Object.entries(servers)) {
      const { status, challenge } = await ask(url, credentials[who])
      const event = log.at(-1)?.audit
      if (status !== 401 || event?.reason !== wanted) wrong.push(name)
      refusal = {
        client: `${status}, ${challenge}`,
        server: `${event?.reason}: ${event?.hint}`,
      }
    }
    attempts.push({ who, wrong, ...refusal })
  }
  return attempts
}

async function ask(url, credentials) {
  const { fetch, close } = openFetch(credentials)
  try {
    const response = await postMessage({ url, fetch }, 'tools/list')
    await response.text()
    return { status: response.status, challenge: response.headers.get('www-authenticate') }
  } finally {
    await close()
  }
}
