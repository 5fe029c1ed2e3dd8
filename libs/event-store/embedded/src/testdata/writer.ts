// node --import ./tools/typescript.mjs writer.ts FOLDER: appends until it is killed, and prints `position id` for each
// acknowledgement.
import { randomBytes, randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { appendEvents } from '#event-store/contract-suite';
import { silentLogger } from '#kernel';
import { openEmbeddedEventStore } from '../index.ts';

const store = await openEmbeddedEventStore({
  folder: process.argv[2] ?? '',
  clock: { now: () => Date.now(), monotonic: () => performance.now(), timer: () => ({ cancel: () => {} }) },
  ids: { uuid: () => randomUUID(), random: (bytes) => new Uint8Array(randomBytes(bytes)) },
  log: silentLogger,
});
const writers = Array.from({ length: 8 }, async () => {
  const stream = `contract-${randomUUID()}`;
  for (;;) {
    const { position, events } = await appendEvents(store, stream, [{}, {}]);
    writeSync(1, `${position} ${events[1]?.id}\n`);
  }
});
await Promise.all(writers);
