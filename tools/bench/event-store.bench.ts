import { openEmbeddedEventStore } from '#event-store/embedded';
import { appendAll, beside, chain } from './event-store.parts.ts';
import { openRaw } from './event-store.raw.ts';
import type { Row } from './row.ts';
import { perSecond, surroundings, withFolder } from './surroundings.ts';

const ONE_BY_ONE = 4_000;
const APPENDERS = 64;
const EACH = 600;

/** Compares the embedded event store with node:sqlite with the same rows and settings. */
export async function run(): Promise<Row[]> {
  return withFolder(async (folder) => {
    const names = Array.from({ length: APPENDERS }, (_, n) => `bench-many-${n}`);
    const single = chain('bench-one', ONE_BY_ONE);
    const many = names.map((name) => chain(name, EACH));
    const open = () => openEmbeddedEventStore({ folder: `${folder}/${surroundings.ids.uuid()}`, ...surroundings });

    const one = await beside(
      async () => {
        const store = await open();
        const rate = await perSecond(ONE_BY_ONE, () => appendAll(store, single));
        await store.close();
        return rate;
      },
      async () => {
        const raw = openRaw(folder);
        const rate = await perSecond(ONE_BY_ONE, () =>
          single.forEach((event) => raw.append([event.stream], event.revision, [JSON.stringify(event)])),
        );
        raw.close();
        return rate;
      },
    );

    const replays: number[] = [];
    const rawReplays: number[] = [];
    const grouped = await beside(
      async () => {
        const store = await open();
        const rate = await perSecond(APPENDERS * EACH, () =>
          Promise.all(many.map((events) => appendAll(store, events))),
        );
        replays.push(
          await perSecond(APPENDERS * EACH, async () => {
            let last: string = '';
            for await (const event of store.readAll()) last = event.position;
            if (last !== (await store.head())) throw new Error('the log was not read to its end');
          }),
        );
        await store.close();
        return rate;
      },
      async () => {
        const raw = openRaw(folder);
        const rate = await perSecond(APPENDERS * EACH, () => {
          for (let n = 0; n < EACH; n += 1)
            raw.append(
              names,
              n,
              many.map((events) => JSON.stringify(events[n])),
            );
        });
        rawReplays.push(await perSecond(APPENDERS * EACH, () => raw.replay()));
        raw.close();
        return rate;
      },
    );
    const [replay = 0] = replays;
    const rawReplay = Math.max(...rawReplays);

    return [
      { name: 'event store: append, one at a time', unit: 'events/s', ...one, goal: 'ratio >= 0.7' },
      { name: `event store: append, ${APPENDERS} at once`, unit: 'events/s', ...grouped, goal: 'ratio >= 0.6' },
      {
        name: 'event store: read the whole log',
        unit: 'events/s',
        ours: Math.round(replay),
        raw: Math.round(rawReplay),
        ratio: Math.round((replay / rawReplay) * 100) / 100,
        goal: 'ratio >= 0.5',
      },
    ];
  });
}
