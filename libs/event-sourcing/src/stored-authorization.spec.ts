import { join } from 'node:path';
import { verifyStream, type StoredEvent } from '#event-store';
import { openEmbeddedEventStore } from '#event-store/embedded';
import type { Authorization } from '#kernel';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import { temporaryFolder } from '#testing';
import { createCommandRunner } from './create-command-runner.ts';
import { EventReader } from './event-reader.ts';
import { accountDecider, request } from './testdata/accounts.ts';
import { log } from './testdata/surroundings.ts';

const root = temporaryFolder();
const stream = 'account-1';
const by: Authorization = {
  permission: 'application.deploy',
  rule: 'role',
  role: 'editor',
  grantedBy: '0193f2a4-11de-7a90-b6c7-2f8f0b6d9c02',
  credential: 'key',
  keyId: 'key_1',
  network: '203.0.113.0/24',
};

/** Records two events, the first without an authorization, as older releases did. */
async function recorded() {
  const eventStore = await openEmbeddedEventStore({ folder: join(root, ids.uuid()), clock, ids, log });
  const commands = createCommandRunner({ eventStore, clock, ids, log });
  await commands.run(accountDecider, stream, { is: 'open', owner: 'ada' }, request('open'));
  await commands.run(accountDecider, stream, { is: 'credit', amount: 5 }, { ...request('credit'), by });
  const stored: StoredEvent[] = [];
  for await (const event of eventStore.read(stream)) stored.push(event);
  return { eventStore, commands, stored };
}

describe('the authorization of an event', () => {
  it('is sealed with the event', async () => {
    const { eventStore, stored } = await recorded();
    expect(stored.map(({ data }) => data)).toEqual([{ owner: 'ada' }, { amount: 5, $by: by }]);
    expect(verifyStream(stored)).toMatchObject({ ok: true });
    const altered = stored.map((event) =>
      event.revision === 1 ? { ...event, data: { amount: 5, $by: { ...by, role: 'owner' } } } : event,
    );
    expect(verifyStream(altered)).toMatchObject({ ok: false, error: { revision: 1, reason: 'altered' } });
    await eventStore.close();
  });

  it('is read into the metadata, and events without one are read as before', async () => {
    const { eventStore, stored } = await recorded();
    const reader = new EventReader(accountDecider.events);
    const read = stored.map((event) => reader.read(event, new Map()));
    expect(read.map((found) => found?.event.data)).toEqual([{ owner: 'ada' }, { amount: 5 }]);
    expect(read.map((found) => found?.metadata.by)).toEqual([undefined, by]);
    await eventStore.close();
  });

  it('is not part of what a repeated command returns', async () => {
    const { eventStore, commands } = await recorded();
    const elsewhere = { ...request('credit'), by: { ...by, network: '192.0.2.0/24' } };
    const again = await commands.run(accountDecider, stream, { is: 'credit', amount: 5 }, elsewhere);
    expect(again).toMatchObject({ ok: true, value: { repeated: true, state: { balance: 5 } } });
    expect(again.ok && again.value.events).toEqual([{ type: 'account.credited.v2', data: { amount: 5 } }]);
    await eventStore.close();
  });
});
