import type { EventStore } from '#event-store';
import { openEmbeddedEventStore } from '#event-store/embedded';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import { temporaryFolder } from '#testing';
import type { CommandRunner } from './command-runner.ts';
import { createCommandRunner } from './create-command-runner.ts';
import { accountDecider, request, type AccountCommand } from './testdata/accounts.ts';
import { log } from './testdata/surroundings.ts';

const root = temporaryFolder();

describe('the reply to a command', () => {
  let eventStore: EventStore;
  let commands: CommandRunner;
  let stream: string;
  beforeAll(async () => {
    eventStore = await openEmbeddedEventStore({ folder: root, clock, ids, log });
    commands = createCommandRunner({ eventStore, clock, ids, log });
  });
  beforeEach(() => (stream = `account-${ids.uuid()}`));
  afterAll(() => eventStore.close());

  const ask = (command: AccountCommand, name: string, more: { dryRun?: boolean; ifMatch?: number } = {}) =>
    commands.reply(
      accountDecider,
      stream,
      command,
      { ...request(name), ...more },
      async ({ state }) => ({ balance: state.balance }),
      { creates: 'account.opened.v1' },
    );
  const open = () => ask({ is: 'open', owner: 'ada' }, 'open');
  const length = async () => {
    let count = 0;
    for await (const { revision } of eventStore.read(stream)) count = revision + 1;
    return count;
  };

  it('has the view, position, and revision of what was committed, and marks the first run as created', async () => {
    const opened = await open();
    expect(opened).toEqual({
      ok: true,
      value: { balance: 0 },
      meta: { position: await eventStore.head(), revision: 0, created: true },
    });
    expect(await ask({ is: 'credit', amount: 5 }, 'credit')).toEqual({
      ok: true,
      value: { balance: 5 },
      meta: { position: await eventStore.head(), revision: 1 },
    });
  });

  it('marks a repeat, and has the result of the first run', async () => {
    const opened = await open();
    await ask({ is: 'credit', amount: 5 }, 'credit');
    expect(await open()).toEqual(opened.ok && { ...opened, meta: { ...opened.meta, repeated: true } });
  });

  it('is the error of a decision', async () =>
    expect(await ask({ is: 'credit', amount: 5 }, 'early')).toMatchObject({
      ok: false,
      error: { code: 'account/not-open' },
    }));

  it('of a dry run has the expected result without a position, and records nothing', async () => {
    await open();
    const head = await eventStore.head();
    expect(await ask({ is: 'credit', amount: 5 }, 'dry', { dryRun: true })).toEqual({
      ok: true,
      value: { balance: 5 },
      meta: {},
    });
    expect(await length()).toBe(1);
    expect(await eventStore.head()).toBe(head);
    expect(await ask({ is: 'credit', amount: 1 }, 'credit')).toMatchObject({ value: { balance: 1 } });
  });

  it('of a dry run is not marked as created', async () => {
    expect(await ask({ is: 'open', owner: 'ada' }, 'dry', { dryRun: true })).toEqual({
      ok: true,
      value: { balance: 0 },
      meta: {},
    });
    expect(await length()).toBe(0);
    expect(await open()).toMatchObject({ ok: true, meta: { created: true } });
  });

  it('applies If-Match, in a dry run too', async () => {
    await open();
    const stale = { ok: false, error: { code: 'edge/precondition-failed' } };
    expect(await ask({ is: 'credit', amount: 1 }, 'stale', { ifMatch: 3 })).toMatchObject(stale);
    expect(await ask({ is: 'credit', amount: 1 }, 'stale dry', { ifMatch: 3, dryRun: true })).toMatchObject(stale);
    expect(await ask({ is: 'credit', amount: 1 }, 'fresh', { ifMatch: 0 })).toMatchObject({ ok: true });
  });
});
