import { openEventStoreDb } from '#event-store/eventstoredb';
import { appendAll, beside, chain } from './event-store.parts.ts';
import { openRaw } from './eventstoredb.raw.ts';
import type { Row } from './row.ts';
import { perSecond, surroundings } from './surroundings.ts';

const ONE_BY_ONE = 500;
const APPENDERS = 64;
const EACH = 20;

/** Appends to EventStoreDB beside those of its client alone; nothing where no server is named. */
export async function run(): Promise<Row[]> {
  const url = process.env['ASTRO_TEST_EVENTSTORE_URL'];
  if (!url) {
    console.error('appends to EventStoreDB: skipped, ASTRO_TEST_EVENTSTORE_URL is not set');
    return [];
  }
  // The clients of one process share what they have pending, so that one is closed before the other is opened.
  const measure = (streams: number, length: number) => {
    const make = () => Array.from({ length: streams }, () => chain(`bench-${surroundings.ids.uuid()}`, length));
    return beside(
      async () => {
        const store = await openEventStoreDb({ url, ...surroundings });
        const chains = make();
        const rate = await perSecond(streams * length, () =>
          Promise.all(chains.map((events) => appendAll(store, events))),
        );
        await store.close();
        return rate;
      },
      async () => {
        const raw = openRaw(url);
        const chains = make();
        const rate = await perSecond(streams * length, () => Promise.all(chains.map((events) => raw.append(events))));
        await raw.close();
        return rate;
      },
    );
  };
  const goal = 'ratio >= 0.5';
  return [
    { name: 'EventStoreDB: append, one at a time', unit: 'events/s', ...(await measure(1, ONE_BY_ONE)), goal },
    { name: `EventStoreDB: append, ${APPENDERS} at once`, unit: 'events/s', ...(await measure(APPENDERS, EACH)), goal },
  ];
}
