import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A TCP port that is known before the server behind it listens. */
export interface Relay {
  readonly origin: string
  /** Passes every connection on, byte for byte, to the server at this URL. */
  connectTo(url: string): void
  close(): Promise<void>
}

/** For a server that has to know its own URL, as a protected resource does, before it has a port. */
export async function createRelay(): Promise<Relay> {
  let port: number | undefined
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (inbound) => {
    const outbound = connect({ port: port ?? 0, host: 'localhost', allowHalfOpen: true })
    for (const socket of [inbound, outbound]) sockets.add(socket)
    join(inbound, outbound)
    join(outbound, inbound)
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  return {
    origin: `https://localhost:${(server.address() as AddressInfo).port}`,
    connectTo: (url) => {
      port = Number(new URL(url).port)
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function join(from: Socket, to: Socket): void {
  from.pipe(to)
  from.on('error', () => to.destroy())
  from.once('close', () => to.destroySoon())
}
