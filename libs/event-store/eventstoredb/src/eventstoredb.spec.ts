import { eventStoreContract } from '#event-store/contract-suite';
import { silentLogger } from '#kernel';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import { startEventStoreStandIn, type EventStoreStandIn } from '#testing/eventstore';
import { openEventStoreDb } from './index.ts';

let server: EventStoreStandIn;
beforeAll(async () => {
  server = await startEventStoreStandIn();
});
afterAll(() => server.close());

/** Generous limits, because a busy machine is slow. Another suite tests timeouts. */
const times = { responseMs: 60_000, eventMs: 60_000, retryWindowMs: 60_000 };
const open = () =>
  openEventStoreDb({ url: `esdb://127.0.0.1:${server.port}?tls=false`, clock, ids, log: silentLogger, times });
eventStoreContract('eventstoredb, by its client, before a stand-in', open);
