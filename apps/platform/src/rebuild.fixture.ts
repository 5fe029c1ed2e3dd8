import { requestLeader } from '#event-sourcing';
import { silentLogger } from '#kernel';
import { openEventStore, openReadStore, readConfiguration } from '#runtime';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import { eventually } from '#testing';
import { CONTEXTS } from './contexts.ts';

/** Milliseconds in which a leader must have taken a request. Its work on it is waited for without end. */
const WITHIN_MS = 180_000;

/**
 * Rebuilds all projections of running processes through their leaders, one after the other, each several times. Tries
 * again as the errors tell an operator to: another process may have become the leader.
 *
 * @param environment variables of the platform, with the addresses of its stores
 * @param signal ends it, also while a leader works
 */
export async function rebuildProjections(
  environment: Readonly<Record<string, string>>,
  { folder, times, signal }: { readonly folder: string; readonly times: number; readonly signal: AbortSignal },
): Promise<void> {
  const read = readConfiguration(environment);
  if (!read.ok) throw new Error(read.error.join('\n'));
  const stores = { configuration: read.value.configuration, folder, clock, ids, log: silentLogger };
  const eventStore = await openEventStore(stores);
  const readStore = await openReadStore(stores);
  const rebuild = async (projection: string): Promise<void> => {
    const done = await requestLeader({ projection, action: 'rebuild' }, { eventStore, readStore, clock, ids, signal });
    if (!done.ok && !signal.aborted) throw new Error(`${projection} was not rebuilt: ${done.error.code}`);
  };
  try {
    for (const { name } of CONTEXTS.flatMap(({ projections }) => projections))
      for (let time = 0; time < times && !signal.aborted; time += 1) await eventually(() => rebuild(name), WITHIN_MS);
  } finally {
    await readStore.close();
    await eventStore.close();
  }
}
