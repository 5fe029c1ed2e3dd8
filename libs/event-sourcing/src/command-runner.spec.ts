import { join } from 'node:path';
import { EventStoreUnavailableError, LIMITS, verifyStream, type EventStore, type StoredEvent } from '#event-store';
import { openEmbeddedEventStore } from '#event-store/embedded';
import { sealedEvents } from '#event-store/contract-suite';
import { manualClock, temporaryFolder } from '#testing';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import { createCommandRunner } from './create-command-runner.ts';
import type { CommandRunner } from './command-runner.ts';
import { accountDecider, request, type AccountCommand } from './testdata/accounts.ts';
import { log } from './testdata/surroundings.ts';

const root = temporaryFolder();
const DAY_MS = 24 * 60 * 60 * 1000;

describe('command runner', () => {
  let eventStore: EventStore;
  let commands: CommandRunner;
  let stream: string;
  const runnerOver = (store: EventStore, time = clock) =>
    createCommandRunner({ eventStore: store, clock: time, ids, log });

  beforeEach(async () => {
    eventStore = await openEmbeddedEventStore({ folder: join(root, ids.uuid()), clock, ids, log });
    commands = runnerOver(eventStore);
    stream = `account-${ids.uuid()}`;
  });
  afterEach(() => eventStore.close());

  const stored = async () => {
    const events: StoredEvent[] = [];
    for await (const event of eventStore.read(stream)) events.push(event);
    return events;
  };
  const run = (command: AccountCommand, name: string, body?: string, runner = commands) =>
    runner.run(accountDecider, stream, command, request(name, body));
  const open = (runner = commands) => run({ is: 'open', owner: 'ada' }, 'open', undefined, runner);

  it('records what was decided, sealed, with the metadata of the request', async () => {
    const outcome = await open();
    const [event] = await stored();
    expect(outcome).toMatchObject({
      ok: true,
      value: { state: { status: 'open' }, revision: 0, repeated: false, position: event?.position },
    });
    const { commandId } = request('open');
    expect(event).toMatchObject({
      actor: 'user-1',
      organizationId: 'organization-1',
      commandId,
      correlationId: 'correlation-1',
      causationId: commandId,
    });
    expect(event?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(verifyStream(await stored())).toMatchObject({ ok: true });
  });

  it('F27: appends nothing after the deadline of the request, because its caller may have sent it again', async () => {
    const late = { ...request('late'), deadlineMs: clock.now() - 1 };
    const outcome = await commands.run(accountDecider, stream, { is: 'open', owner: 'ada' }, late);
    expect(outcome).toMatchObject({
      ok: false,
      error: { code: 'event-sourcing/deadline-exceeded', kind: 'unavailable' },
    });
    expect(await stored()).toEqual([]);
  });

  it('returns the result of a command that was recorded before its deadline passed', async () => {
    await open();
    const late = { ...request('open'), deadlineMs: clock.now() - 1 };
    const outcome = await commands.run(accountDecider, stream, { is: 'open', owner: 'ada' }, late);
    expect(outcome).toMatchObject({ ok: true, value: { repeated: true } });
  });

  it('use-L11: logs what it recorded, but not a repeat', async () => {
    const lines: object[] = [];
    const logging = { ...log, info: (fields: object, message: string) => void lines.push({ ...fields, message }) };
    const runner = createCommandRunner({ eventStore, clock, ids, log: logging });
    await open(runner);
    await open(runner);
    const [event] = await stored();
    expect(lines).toEqual([
      {
        message: 'recorded',
        events: [event?.type],
        actor: 'user-1',
        organizationId: 'organization-1',
        position: event?.position,
        requestId: 'correlation-1',
      },
    ]);
  });

  it('returns the head when nothing was recorded', async () => {
    await open();
    expect(await run({ is: 'open', owner: 'ada' }, 'second')).toMatchObject({
      ok: true,
      value: { events: [], revision: 0, position: await eventStore.head() },
    });
  });

  it('rejects only after reading the stream to its end, which another process may have changed', async () => {
    const other = runnerOver(eventStore);
    expect(await run({ is: 'credit', amount: 1 }, 'early', undefined, other)).toMatchObject({
      ok: false,
      error: { code: 'account/not-open' },
    });
    await open();
    expect(await run({ is: 'credit', amount: 1 }, 'late', undefined, other)).toMatchObject({
      ok: true,
      value: { state: { balance: 1 } },
    });
  });

  it('retries after a conflict with another process, and keeps the hash chain intact', async () => {
    const other = runnerOver(eventStore);
    await open();
    await run({ is: 'credit', amount: 1 }, 'a', undefined, other);
    expect(await run({ is: 'credit', amount: 2 }, 'b')).toMatchObject({
      ok: true,
      value: { state: { balance: 3 }, revision: 2 },
    });
    expect(verifyStream(await stored())).toMatchObject({ ok: true, value: { revision: 2 } });
  });

  it('F4: appends once when an acknowledgement is lost, and returns the same result to a retrying client', async () => {
    let losses = 0;
    const lossy: EventStore = {
      ...eventStore,
      async append(...args) {
        const outcome = await eventStore.append(...args);
        if (losses++ === 0) throw new EventStoreUnavailableError('the answer was lost');
        return outcome;
      },
    };
    await open();
    const first = await run({ is: 'credit', amount: 5, parts: 2 }, 'credit', 'five', runnerOver(lossy));
    expect(first).toMatchObject({ ok: true, value: { revision: 2, repeated: false, state: { balance: 10 } } });
    const retried = await run({ is: 'credit', amount: 5, parts: 2 }, 'credit', 'five', runnerOver(eventStore));
    expect(retried).toMatchObject({ ok: true, value: { revision: 2, repeated: true, state: { balance: 10 } } });
    expect(first.ok && retried.ok && retried.value.events).toEqual(first.ok && first.value.events);
    expect(first.ok && retried.ok && retried.value.position).toEqual(first.ok && first.value.position);
    expect(await stored()).toHaveLength(3);
  });

  it('F4: returns the completed append to a client that retries after the service timed out', async () => {
    const unresponsive: EventStore = {
      ...eventStore,
      async append(...args) {
        await eventStore.append(...args);
        throw new EventStoreUnavailableError('the answer was lost');
      },
    };
    await open();
    expect(await run({ is: 'credit', amount: 5 }, 'credit', 'b', runnerOver(unresponsive))).toMatchObject({
      ok: false,
      error: { code: 'event-store/unavailable', kind: 'unavailable' },
    });
    expect(await run({ is: 'credit', amount: 5 }, 'credit')).toMatchObject({
      ok: true,
      value: { repeated: true, revision: 1 },
    });
    expect(await stored()).toHaveLength(2);
  });

  it('returns the original result of a repeat, although the stream has continued', async () => {
    await open();
    await run({ is: 'credit', amount: 5 }, 'credit');
    await run({ is: 'credit', amount: 7 }, 'more');
    await run({ is: 'close' }, 'close');
    expect(await run({ is: 'credit', amount: 5 }, 'credit')).toMatchObject({
      ok: true,
      value: { repeated: true, revision: 1, state: { status: 'open', balance: 5 } },
    });
  });

  it('F5: rejects the same key with another body, in every process, but not of another caller', async () => {
    await open();
    await run({ is: 'credit', amount: 5 }, 'key', 'five');
    const error = { code: 'idempotency/other-request', kind: 'invalid' };
    expect(await run({ is: 'credit', amount: 6 }, 'key', 'six')).toMatchObject({ ok: false, error });
    expect(await run({ is: 'credit', amount: 6 }, 'key', 'six', runnerOver(eventStore))).toMatchObject({
      ok: false,
      error,
    });
    expect(await run({ is: 'credit', amount: 6 }, 'key-of-other', 'six')).toMatchObject({
      ok: true,
      value: { state: { balance: 11 } },
    });
  });

  it('F5: lets a concurrent repeat wait for the result of the first request, also in another process', async () => {
    await open();
    const other = runnerOver(eventStore);
    await other.load(accountDecider, stream);
    const outcomes = await Promise.all(
      [commands, commands, other, other].map((runner) => run({ is: 'credit', amount: 5 }, 'key', 'five', runner)),
    );
    expect(outcomes.every((outcome) => outcome.ok && outcome.value.revision === 1)).toBe(true);
    // Two processes that decide within the same millisecond seal identical bytes: then both have made that one append.
    const made = outcomes.filter((outcome) => outcome.ok && !outcome.value.repeated);
    expect(made.length).toBeGreaterThanOrEqual(1);
    expect(made.length).toBeLessThanOrEqual(2);
    expect(await stored()).toHaveLength(2);
    const bodies = await Promise.all([
      run({ is: 'credit', amount: 1 }, 'race', 'one'),
      run({ is: 'credit', amount: 2 }, 'race', 'two', other),
    ]);
    expect(bodies.filter((outcome) => outcome.ok)).toHaveLength(1);
    expect(bodies).toContainEqual(
      expect.objectContaining({ ok: false, error: expect.objectContaining({ code: 'idempotency/other-request' }) }),
    );
    expect(await stored()).toHaveLength(3);
  });

  it('distinguishes two steps of one request on one stream', async () => {
    await open();
    const step = (name: string, runner = commands) =>
      runner.run(accountDecider, stream, { is: 'credit', amount: 1 }, request('two'), { step: name });
    expect(await step('first')).toMatchObject({ ok: true, value: { repeated: false, revision: 1 } });
    expect(await step('second')).toMatchObject({ ok: true, value: { repeated: false, revision: 2 } });
    expect(await step('first', runnerOver(eventStore))).toMatchObject({
      ok: true,
      value: { repeated: true, revision: 1 },
    });
    expect(await step('second', runnerOver(eventStore))).toMatchObject({
      ok: true,
      value: { repeated: true, revision: 2 },
    });
  });

  it('remembers commands for 24 hours', async () => {
    const time = manualClock();
    const runner = runnerOver(eventStore, time);
    await open(runner);
    await run({ is: 'credit', amount: 5 }, 'key', 'five', runner);
    time.jump(DAY_MS - 1);
    expect(await run({ is: 'credit', amount: 5 }, 'key', 'five', runner)).toMatchObject({
      ok: true,
      value: { repeated: true },
    });
    time.jump(1);
    expect(await run({ is: 'credit', amount: 6 }, 'key', 'six', runner)).toMatchObject({
      ok: true,
      value: { repeated: false, state: { balance: 11 } },
    });
  });

  it('F13: never decreases recordedAt within a stream, whatever the clock does', async () => {
    const time = manualClock();
    const runner = runnerOver(eventStore, time);
    await open(runner);
    time.jump(-60 * 60 * 1000);
    await run({ is: 'credit', amount: 5 }, 'key', 'five', runner);
    const [first, second] = await stored();
    expect(second?.recordedAt).toBe(first?.recordedAt);
  });

  it('F10: folds retired shapes as their current ones, and ignores unknown members', async () => {
    const drafts = [
      { type: 'account.opened.v1', data: { owner: 'ada', colour: 'of a later release' } },
      { type: 'account.credited.v1', data: { euros: 3 } },
    ];
    await eventStore.append(stream, sealedEvents(stream, drafts), -1);
    expect(await run({ is: 'credit', amount: 1 }, 'credit')).toMatchObject({
      ok: true,
      value: { state: { balance: 301 } },
    });
    expect((await stored())[0]?.data).toEqual({ owner: 'ada', colour: 'of a later release' });
    expect(verifyStream(await stored())).toMatchObject({ ok: true });
  });

  it('F25: rejects commands on a stream with an event type of a newer release', async () => {
    await open();
    const [first] = await stored();
    await eventStore.append(stream, sealedEvents(stream, [{ type: 'account.frozen.v1' }], 0, first?.hash), 0);
    const error = { code: 'event-sourcing/newer-release', kind: 'unavailable' };
    expect(await run({ is: 'credit', amount: 1 }, 'credit')).toMatchObject({ ok: false, error });
    expect(await commands.load(accountDecider, stream)).toMatchObject({ ok: false, error });
    expect(await commands.plan(accountDecider, stream, { is: 'close' }, request('plan'))).toMatchObject({
      ok: false,
      error,
    });
    expect(await stored()).toHaveLength(2);
  });

  it('F12: processes 100 writers of one process on one stream, each once', async () => {
    await open();
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, n) => run({ is: 'credit', amount: 1 }, `writer-${n}`)),
    );
    expect(outcomes.every((outcome) => outcome.ok)).toBe(true);
    expect(await commands.load(accountDecider, stream)).toMatchObject({
      ok: true,
      value: { state: { balance: 100, credits: 100 } },
    });
    expect(verifyStream(await stored())).toMatchObject({ ok: true, value: { revision: 100 } });
  });

  it('F12: loses no update of 25 processes on one stream, and rejects a command after too many conflicts', async () => {
    await open();
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, n) => n).map((n) =>
        run({ is: 'credit', amount: 1 }, `writer-${n}`, 'b', rivals[n % 25]),
      ),
    );
    const served = outcomes.filter((outcome) => outcome.ok).length;
    for (const outcome of outcomes)
      if (!outcome.ok) expect(outcome.error).toMatchObject({ code: 'event-sourcing/contended', kind: 'conflict' });
    expect(served).toBeGreaterThan(0);
    expect(await commands.load(accountDecider, stream)).toMatchObject({
      ok: true,
      value: { state: { credits: served } },
    });
  });
  let rivals: CommandRunner[];
  beforeEach(() => {
    rivals = Array.from({ length: 25 }, () => runnerOver(eventStore));
  });

  it('F12: returns 409 after 20 conflicts', async () => {
    let tries = 0;
    const busy: EventStore = {
      ...eventStore,
      async append(_stream, _events, expected) {
        tries += 1;
        return { ok: false, error: { code: 'event-store/revision-conflict', expected, actual: expected + 1 } };
      },
    };
    expect(await open(runnerOver(busy))).toMatchObject({
      ok: false,
      error: { code: 'event-sourcing/contended', kind: 'conflict' },
    });
    expect(tries).toBe(21);
  });

  it('F21: completes the second stream of a command in a retry, and does not write the first one again', async () => {
    const owner = `account-owner-${ids.uuid()}`;
    const id = commands.newId(request('create'), 0);
    const both = async (runner: CommandRunner, crashBetween: boolean) => {
      const first = await runner.run(accountDecider, owner, { is: 'open', owner: id }, request('create'));
      if (crashBetween) return first;
      return runner.run(accountDecider, `account-${id}`, { is: 'open', owner: id }, request('create'));
    };
    await both(commands, true);
    const later = runnerOver(eventStore);
    expect(later.newId(request('create'), 0)).toBe(id);
    expect(later.newId(request('create'), 1)).not.toBe(id);
    expect(await both(later, false)).toMatchObject({ ok: true, value: { revision: 0, repeated: false } });
    expect(await both(later, false)).toMatchObject({ ok: true, value: { revision: 0, repeated: true } });
    expect(await later.load(accountDecider, owner)).toMatchObject({ ok: true, value: { revision: 0 } });
  });

  it('F28: returns the error for an event that is too large, and records nothing', async () => {
    const outcome = await run({ is: 'open', owner: 'x'.repeat(LIMITS.eventBytes) }, 'open');
    expect(outcome).toMatchObject({ ok: false, error: { code: 'event-store/event-too-large', kind: 'invalid' } });
    expect(await stored()).toEqual([]);
  });

  it('F32: appends identical events in the retries of one decision, although time passes', async () => {
    const seen: string[] = [];
    const time = { ...clock, now: () => Date.now() + seen.length * 5000 };
    const flaky: EventStore = {
      ...eventStore,
      append(name, events, expected) {
        seen.push(JSON.stringify(events));
        if (seen.length < 3) throw new EventStoreUnavailableError('not now');
        return eventStore.append(name, events, expected);
      },
    };
    expect(await run({ is: 'open', owner: 'ada' }, 'open', 'b', runnerOver(flaky, time))).toMatchObject({ ok: true });
    expect(new Set(seen).size).toBe(1);
    expect(seen).toHaveLength(3);
  });

  it('F32: does not trust a success over other data with its IDs: it reads, and decides again', async () => {
    let calls = 0;
    const credulous: EventStore = {
      ...eventStore,
      // An engine that reports success if the IDs exist, whatever the data. Its first response is lost.
      async append(name, events, expected) {
        calls += 1;
        if (calls === 1) {
          const [event] = events;
          await eventStore.append(
            name,
            sealedEvents(
              name,
              [{ id: event?.id ?? '', type: 'account.opened.v1', data: { owner: 'somebody else' } }],
              expected,
            ),
            expected,
          );
          throw new EventStoreUnavailableError('lost');
        }
        if (calls === 2) return { ok: true, value: { revision: expected + 1, position: await eventStore.head() } };
        return eventStore.append(name, events, expected);
      },
    };
    const outcome = await run({ is: 'open', owner: 'ada' }, 'open', 'b', runnerOver(credulous));
    expect(outcome).toMatchObject({ ok: true, value: { events: [], revision: 0 } });
    expect(verifyStream(await stored())).toMatchObject({ ok: true });
  });

  it('rejects a change of a revision that the caller has not seen, if the request specifies one', async () => {
    await open();
    const credit = (name: string, ifMatch: number) =>
      commands.run(accountDecider, stream, { is: 'credit', amount: 1 }, request(name), { ifMatch });
    expect(await credit('a', 0)).toMatchObject({ ok: true, value: { revision: 1 } });
    expect(await credit('b', 0)).toMatchObject({ ok: false, error: { code: 'edge/precondition-failed' } });
    expect(await credit('a', 0)).toMatchObject({ ok: true, value: { repeated: true } });
    const byCredits = { ...accountDecider, revisionOf: ({ credits }: { readonly credits: number }) => credits };
    expect(
      await commands.run(byCredits, stream, { is: 'credit', amount: 1 }, request('c'), { ifMatch: 1 }),
    ).toMatchObject({ ok: true, value: { revision: 2 } });
  });

  it('plans without recording', async () => {
    await open();
    const planned = await commands.plan(accountDecider, stream, { is: 'credit', amount: 4 }, request('plan'));
    expect(planned).toMatchObject({
      ok: true,
      value: { state: { balance: 4 }, events: [{ type: 'account.credited.v2', data: { amount: 4 } }] },
    });
    expect(await stored()).toHaveLength(1);
  });

  it('returns one error while the event store does not respond', async () => {
    const down: EventStore = {
      ...eventStore,
      async *read() {
        throw new EventStoreUnavailableError('down');
      },
    };
    expect(await run({ is: 'open', owner: 'ada' }, 'open', 'b', runnerOver(down))).toMatchObject({
      ok: false,
      error: { code: 'event-store/unavailable', kind: 'unavailable' },
    });
  });
});
