import { position, type Position } from '#kernel';
import { ChainCheck, type ChainBrokenError, type ChainFaults } from './chain-check.ts';
import type { EventStore, StoredEvent } from './event-store.ts';

/** A section of the log, with the faults in its hash chains. */
export interface CheckedEvents {
  readonly events: readonly StoredEvent[];
  readonly faults: ChainFaults;
}

/** Maximum number of events in a page. */
const PART = 1024;

/**
 * Returns at most `limit` events after `after`, checked as the next ones for `check`. Lets other work of the process
 * run first, because an engine may respond without waiting.
 */
export async function readChecked(
  eventStore: EventStore,
  check: ChainCheck,
  after: Position,
  limit: number,
): Promise<CheckedEvents> {
  await new Promise(setImmediate);
  const events: StoredEvent[] = [];
  for await (const event of eventStore.readAll({ after, limit })) events.push(event);
  return { events, faults: await check.check(events, after) };
}

/** Reads the log after `after` (default: from the first event) to its current end. */
export async function* checkedLog(eventStore: EventStore, after?: Position): AsyncGenerator<CheckedEvents> {
  const check = new ChainCheck(eventStore);
  for (let at = after ?? position(eventStore.storeId, 0); ;) {
    const part = await readChecked(eventStore, check, at, PART);
    const last = part.events.at(-1);
    if (last === undefined) return;
    yield part;
    at = last.position;
  }
}

/**
 * Checks the complete log: every stream from its first event.
 *
 * @returns an iterator over the first fault of each stream, in the order of the log. Its return value is the number of
 *   events read.
 */
export async function* verifyLog(
  eventStore: EventStore,
): AsyncGenerator<ChainBrokenError, { readonly events: number; readonly streams: number }> {
  const damaged = new Set<string>();
  let [count, streams] = [0, 0];
  for await (const { events, faults } of checkedLog(eventStore)) {
    for (const fault of [...faults.values()].flat()) {
      if (damaged.has(fault.stream)) continue;
      damaged.add(fault.stream);
      yield fault;
    }
    count += events.length;
    for (const { revision } of events) if (revision === 0) streams += 1;
  }
  return { events: count, streams };
}
