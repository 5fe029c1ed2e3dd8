import { requestLeader } from '#event-sourcing';
import { silentLogger } from '#kernel';
import { openEventStore, openReadStore, readConfiguration } from '#runtime';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import { CONTEXTS } from './contexts.ts';

/**
 * Rebuilds all projections of running processes through their leaders, each several times. The projections are rebuilt
 * at the same time.
 *
 * @param environment variables of the platform, with the addresses of its stores
 * @returns the error of each request that failed, with the name of the projection
 */
export async function rebuildProjections(
  environment: Readonly<Record<string, string>>,
  { folder, times }: { readonly folder: string; readonly times: number },
): Promise<readonly string[]> {
  const read = readConfiguration(environment);
  if (!read.ok) throw new Error(read.error.join('\n'));
  const stores = { configuration: read.value.configuration, folder, clock, ids, log: silentLogger };
  const eventStore = await openEventStore(stores);
  const readStore = await openReadStore(stores);
  const { signal } = new AbortController();
  const failures: string[] = [];
  const rebuild = async (projection: string): Promise<void> => {
    for (let time = 0; time < times; time += 1) {
      const done = await requestLeader(
        { projection, action: 'rebuild' },
        { eventStore, readStore, clock, ids, signal },
      );
      if (!done.ok) failures.push(`${projection}: ${done.error.code}`);
    }
  };
  try {
    await Promise.all(CONTEXTS.flatMap(({ projections }) => projections).map(({ name }) => rebuild(name)));
    return failures;
  } finally {
    await readStore.close();
    await eventStore.close();
  }
}
