import type { ServerResponse } from 'node:http'

/**
 * How a server fails: it never answers; answers 500; sends elsewhere (302); sends a JSON body of
 * 40 MB; sends text that is no JSON; or hangs up, as one that is down.
 */
export type Misbehaviour = 'silent' | 'error' | 'redirect' | 'huge' | 'garbage' | 'down'

/** Where `redirect` sends to; the same server answers there as it would have done. */
export const redirectPrefix = '/elsewhere'

const mebibyte = Buffer.alloc(1024 * 1024, 'x')

const answers: Readonly<Record<Misbehaviour, (res: ServerResponse, path: string) => void>> = {
  silent() {},
  error: (res) => void res.writeHead(500).end(),
  redirect: (res, path) => void res.writeHead(302, { location: `${redirectPrefix}${path}` }).end(),
  huge: sendHuge,
  garbage: (res) =>
    void res.writeHead(200, { 'content-type': 'application/json' }).end('{"keys": ['),
  down: (res) => void res.destroy(),
}

/** Answers a request badly. */
export function misbehave(res: ServerResponse, how: Misbehaviour, path: string): void {
  answers[how](res, path)
}

function sendHuge(res: ServerResponse): void {
  res.writeHead(200, { 'content-type': 'application/json' })
  res.write('{"padding":"')
  let left = 40
  const send = () => {
    while (left > 0) {
      left -= 1
      if (!res.write(mebibyte)) return void res.once('drain', send)
    }
    res.end('"}')
  }
  send()
}
