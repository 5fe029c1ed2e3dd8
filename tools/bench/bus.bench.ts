import { createBus, type Bus } from '#bus';
import { inProcessTransport } from '#bus/in-process';
import { natsTransport } from '#bus/nats';
import { askRaw } from './bus.raw.ts';
import { emptyRequest, KEYS, keyContext, startService } from './edge.parts.ts';
import { withServing } from './other-process.ts';
import type { Row } from './row.ts';
import { perSecond, surroundings } from './surroundings.ts';

const REQUESTS = 20_000;
const IN_FLIGHT = 64;
const ROUNDS = 3;

/** Makes `REQUESTS` calls of `ask`, with `IN_FLIGHT` of them at a time. */
function load(ask: () => Promise<unknown>): () => Promise<unknown> {
  return async () => {
    let left = REQUESTS;
    const one = async (): Promise<void> => {
      while (left-- > 0) await ask();
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, one));
  };
}

const best = async (ask: () => Promise<unknown>): Promise<number> => {
  await load(ask)(); // warm-up
  let most = 0;
  for (let round = 0; round < ROUNDS; round++) most = Math.max(most, await perSecond(REQUESTS, load(ask)));
  return most;
};

const asker = (bus: Bus) => async () => {
  const answer = await bus.request(emptyRequest, { org: 'acme' }, keyContext());
  if (!answer.ok) throw new Error(answer.error.code);
};

const { clock, ids, log: logger } = surroundings;

export async function run(): Promise<Row[]> {
  const rows: Row[] = [];
  const transport = inProcessTransport();
  const app = await startService(transport);
  rows.push({
    name: `empty request in one process, ${IN_FLIGHT} in flight`,
    unit: 'requests/s',
    ours: await best(
      asker(createBus({ transport, service: 'gateway', keys: KEYS, clock, ids, logger, actsForPersons: true })),
    ),
    goal: 'reported',
  });
  await app.close();
  const url = process.env['ASTRO_TEST_NATS_URL'];
  if (!url) {
    console.error('empty request over NATS: skipped, ASTRO_TEST_NATS_URL is not set');
    return rows;
  }
  const raw = await withServing('raw-bus', [url], async () => {
    const { ask, close } = await askRaw(url.replace('nats://', ''));
    return best(ask).finally(close);
  });
  const ours = await withServing('bus', [url], async () => {
    const nats = await natsTransport({ url, clock, ids });
    await nats.connect();
    return best(
      asker(createBus({ transport: nats, service: 'gateway', keys: KEYS, clock, ids, logger, actsForPersons: true })),
    ).finally(() => nats.close());
  });
  rows.push({
    name: `empty request over NATS: contract, guard, headers; ${IN_FLIGHT} in flight`,
    unit: 'requests/s',
    ours,
    raw,
    ratio: ours / raw,
    goal: '>= 0.5 of raw',
  });
  return rows;
}
