import { unreadableEvent, type StoredEvent } from '#event-store';
import type { Position } from '#kernel';

/** Returns the event of a row; UNREADABLE if its body cannot be parsed, or contains another place than the row. */
export function storedEvent(body: string, stream: string, revision: number, at: Position): StoredEvent {
  let event: (StoredEvent & { position: Position }) | null;
  try {
    event = JSON.parse(body);
  } catch {
    return unreadableEvent(stream, revision, at);
  }
  if (event?.stream !== stream || event.revision !== revision) return unreadableEvent(stream, revision, at);
  event.position = at;
  return event;
}
