interface Replay<Message> {
  send(eventId: string, message: Message): Promise<void>
}

/** Stored events of a session: what lets a client resume a stream by `Last-Event-ID`. */
export interface MemoryEventStore<Message> {
  storeEvent(streamId: string, message: Message): Promise<string>
  replayEventsAfter(lastEventId: string, replay: Replay<Message>): Promise<string>
}

/** Keeps every event, numbered in order, and replays those of the same stream. */
export function createEventStore<Message>(): MemoryEventStore<Message> {
  const events: { readonly streamId: string; readonly message: Message }[] = []
  return {
    async storeEvent(streamId, message) {
      events.push({ streamId, message })
      return String(events.length)
    },
    async replayEventsAfter(lastEventId, { send }) {
      const after = Number(lastEventId)
      const streamId = events[after - 1]?.streamId ?? ''
      for (const [index, event] of events.entries()) {
        if (index >= after && event.streamId === streamId) {
          await send(String(index + 1), event.message)
        }
      }
      return streamId
    },
  }
}
