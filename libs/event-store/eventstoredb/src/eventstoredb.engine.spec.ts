import { eventStoreContract } from '#event-store/contract-suite';
import { silentLogger } from '#kernel';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import { openEventStoreDb } from './index.ts';

const url = process.env['ASTRO_TEST_EVENTSTORE_URL'];
/** Generous limits, because a busy machine is slow. */
const times = { responseMs: 30_000, eventMs: 30_000, retryWindowMs: 30_000, connectMs: 30_000 };
if (url) eventStoreContract('eventstoredb', () => openEventStoreDb({ url, clock, ids, log: silentLogger, times }));
else
  describe.skip('event store on eventstoredb: ASTRO_TEST_EVENTSTORE_URL is not set', () =>
    it('was not tested', () => {}));
