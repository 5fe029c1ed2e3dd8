import { silentLogger } from '#kernel';
import { readStoreContract } from '#read-store/contract-suite';
import { systemClock as clock } from '#runtime/system';
import { openMongoReadStore } from './mongo-read-store.ts';

const url = process.env['ASTRO_TEST_MONGO_URL'];
if (url) {
  readStoreContract('mongo', () => openMongoReadStore({ url, setting: 'ASTRO_READ_STORE', clock, log: silentLogger }));
} else describe.skip('read store on mongo: ASTRO_TEST_MONGO_URL is not set', () => it('was not tested', () => {}));
