/** Keeps messages of one method from reaching the server until they are let through. */
export interface Gate {
  /** Holds every later message of `method`; the returned function lets them through. */
  hold(method: string): () => void
  /** How many messages are being held now. */
  waiting(): number
  /** Calls `deliver` at once, or when the method's hold is released. */
  pass(message: unknown, deliver: () => void): void
}

export function createGate(): Gate {
  const held = new Map<string, (() => void)[]>()
  return {
    hold(method) {
      held.set(method, held.get(method) ?? [])
      return () => {
        const waiting = held.get(method) ?? []
        held.delete(method)
        for (const deliver of waiting) deliver()
      }
    },
    waiting: () => [...held.values()].reduce((sum, waiting) => sum + waiting.length, 0),
    pass(message, deliver) {
      const waiting = held.get(methodOf(message))
      if (waiting === undefined) deliver()
      else waiting.push(deliver)
    },
  }
}

function methodOf(message: unknown): string {
  if (typeof message !== 'object' || message === null || !('method' in message)) return ''
  return String(message.method)
}
