import { randomUUID } from 'node:crypto';
import { isCaughtUp, NO_STREAM, verifyStream, type EventStore, type StoredEvent } from '#event-store';
import { appendEvents, sealedEvents } from '#event-store/contract-suite';
import { silentLogger } from '#kernel';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import { eventually } from '#testing';
import { startEventStoreStandIn, type EventStoreStandIn } from '#testing/eventstore';
import { openEventStoreDb } from './index.ts';

/** Tests faults of the server and the network, with the required results. */
describe('an EventStoreDB that fails', () => {
  let server: EventStoreStandIn;
  let store: EventStore;
  let stream: string;
  beforeEach(async () => {
    server = await startEventStoreStandIn();
    store = await open();
    stream = `contract-${randomUUID()}`;
  });
  afterEach(async () => {
    server.network.thaw();
    server.setReady(true);
    await store.close();
    await server.close();
  });

  const open = (times: { responseMs?: number; eventMs?: number } = {}) =>
    openEventStoreDb({
      url: `esdb://127.0.0.1:${server.port}?tls=false`,
      clock,
      ids,
      log: silentLogger,
      times: { responseMs: 60_000, eventMs: 60_000, idleMs: 300, retryWindowMs: 60_000, ...times },
    });
  const stored = async (name = stream, from = store) => {
    const events: StoredEvent[] = [];
    for await (const event of from.read(name)) events.push(event);
    return events;
  };

  it.each(['lost-before', 'lost-after'] as const)(
    'F4: returns the result of an append whose connection is %s it was written, and writes it once',
    async (fault) => {
      const events = sealedEvents(stream, [{}, {}]);
      server.fail(fault);
      const outcome = await store.append(stream, events, NO_STREAM);
      const there = await stored();
      expect(there).toHaveLength(2);
      expect(outcome).toEqual({ ok: true, value: { revision: 1, position: there[1]?.position } });
      expect(server.appends()).toEqual(['store', stream, stream]);
    },
  );

  it('F4: writes once what is lost repeatedly, also when the stream has grown', async () => {
    const events = sealedEvents(stream, [{}]);
    server.fail('lost-after', 'lost-after', 'lost-after');
    const outcome = store.append(stream, events, NO_STREAM);
    await eventually(() => expect(server.log.stream(stream)).toHaveLength(1));
    const other = await openEventStoreDb({
      url: `esdb://127.0.0.1:${server.port}/?tls=false`,
      clock,
      ids,
      log: silentLogger,
    });
    await other.append(stream, sealedEvents(stream, [{}], 0, events[0]?.hash), 0).catch(() => {});
    expect(await outcome).toMatchObject({ ok: true, value: { revision: 0 } });
    await other.close();
    expect((await stored()).filter(({ id }) => id === events[0]?.id)).toHaveLength(1);
  });

  it('F32: does not treat data that another process wrote with the same IDs as a repeat', async () => {
    const id = randomUUID();
    const theirs = sealedEvents(stream, [{ id, recordedAt: '2026-01-01T00:00:01.000Z' }]);
    const ours = sealedEvents(stream, [{ id, recordedAt: '2026-01-01T00:00:02.000Z' }]);
    await store.append(stream, theirs, NO_STREAM);
    for (const fault of [[], ['lost-before'], ['lost-after']] as const) {
      server.fail(...fault);
      expect(await store.append(stream, ours, NO_STREAM)).toMatchObject({ ok: false, error: { actual: 0 } });
    }
    expect((await stored()).map(({ recordedAt }) => recordedAt)).toEqual(['2026-01-01T00:00:01.000Z']);
  });

  it('F3: fails within its own time limit if a server is suspended, and continues when it resumes', async () => {
    await appendEvents(store, stream, [{}]);
    const quick = await open({ responseMs: 300, eventMs: 300 });
    server.network.freeze();
    const unavailable = { code: 'event-store/unavailable' };
    const late = sealedEvents(`${stream}-late`, [{}]);
    await Promise.all([
      expect(quick.append(`${stream}-late`, late, NO_STREAM)).rejects.toMatchObject(unavailable),
      expect(stored(stream, quick)).rejects.toMatchObject(unavailable),
      expect(quick.head()).rejects.toMatchObject(unavailable),
    ]);
    server.network.thaw();
    await eventually(async () =>
      expect(await store.append(`${stream}-late`, late, NO_STREAM)).toMatchObject({ ok: true }),
    );
    expect(await stored(`${stream}-late`)).toHaveLength(1);
    expect(await stored()).toHaveLength(1);
    await quick.close();
  });

  it.each(['silent', 'mute'] as const)(
    'F3: reconnects when appends receive no response although the connection is alive: %s',
    async (fault) => {
      const quick = await open({ responseMs: 500 });
      server.fail(fault);
      const events = sealedEvents(stream, [{}]);
      expect(await quick.append(stream, events, NO_STREAM)).toMatchObject({ ok: true, value: { revision: 0 } });
      await appendEvents(store, `${stream}-next`, [{}]);
      await quick.close();
      expect(await stored()).toHaveLength(1);
    },
  );

  it('F3: does not abort the appends of others because one is slow', async () => {
    const quick = await open({ responseMs: 500 });
    server.fail({ slowMs: 1_000, isCommitFirst: true });
    const slow = quick.append(stream, sealedEvents(stream, [{}]), NO_STREAM);
    const others = Array.from({ length: 20 }, () => `contract-${randomUUID()}`);
    for (const name of others) await appendEvents(store, name, [{}]);
    expect(await slow).toMatchObject({ ok: true, value: { revision: 0 } });
    for (const name of others) expect(await stored(name)).toHaveLength(1);
    expect(server.appends().filter((name) => others.includes(name))).toHaveLength(others.length);
    await quick.close();
  });

  it('F3: waits for a server that is not ready, and fails when that takes longer', async () => {
    server.fail('not-ready', 'not-ready');
    expect(await store.append(stream, sealedEvents(stream, [{}]), NO_STREAM)).toMatchObject({ ok: true });
    expect(server.appends()).toEqual(['store', stream, stream, stream]);
    server.setReady(false);
    await expect(stored()).rejects.toMatchObject({ code: 'event-store/unavailable' });
    server.setReady(true);
    expect(await stored()).toHaveLength(1);
  });

  it('F3: loses and duplicates nothing when the server is killed under load and restarted', async () => {
    const deliveries = collecting(store);
    const acknowledged: string[] = [];
    let isOver = false;
    const writer = async (name: string) => {
      for (let revision = -1, hash = ''; !isOver; revision += 1) {
        const events = sealedEvents(name, [{}], revision, hash);
        for (let isDone = false; !isDone;)
          isDone = await store.append(name, events, revision).then(
            (outcome) => {
              if (!outcome.ok)
                throw new Error(`a conflict at ${revision} of ${name}: ${JSON.stringify(outcome.error)}`);
              acknowledged.push(`${name} ${revision + 1} ${outcome.value.position}`);
              return true;
            },
            async (error: unknown) => {
              expect(error).toMatchObject({ code: 'event-store/unavailable' });
              await new Promise((resolve) => setTimeout(resolve, 20));
              return false;
            },
          );
        hash = events[0]?.hash ?? '';
      }
    };
    const names = Array.from({ length: 8 }, () => `contract-${randomUUID()}`);
    const writers = names.map(writer);
    for (let round = 1; round <= 3; round += 1) {
      const before = acknowledged.length;
      await eventually(() => expect(acknowledged.length).toBeGreaterThan(before + 40));
      await server.restart(50);
    }
    const before = acknowledged.length;
    await eventually(() => expect(acknowledged.length).toBeGreaterThan(before + 40));
    isOver = true;
    await Promise.all(writers);

    const all: StoredEvent[] = [];
    for (const name of names) {
      const events = await stored(name);
      expect(verifyStream(events)).toMatchObject({ ok: true });
      all.push(...events);
    }
    const placed = all.map(({ stream: name, revision, position }) => `${name} ${revision} ${position}`);
    expect(acknowledged.toSorted()).toEqual(placed.toSorted());
    const inOrder = all.map(({ position }) => position).toSorted();
    await eventually(() => expect(deliveries.positions()).toEqual(inOrder));
    await deliveries.end();
  });

  it('F2: delivers once what the server delivers twice, and what it does not deliver', async () => {
    const deliveries = collecting(store);
    await eventually(() => expect(deliveries.marks()).toBeGreaterThan(0));
    server.deliver('twice');
    const written = [await appendEvents(store, stream, [{}, {}]), await appendEvents(store, stream, [{}])];
    await eventually(() => expect(deliveries.positions()).toHaveLength(3));
    server.deliver('nothing');
    written.push(await appendEvents(store, stream, [{}]));
    await eventually(() => expect(deliveries.positions()).toHaveLength(4));
    expect(deliveries.positions().at(-1)).toBe(written.at(-1)?.position);
    await deliveries.end();
  });

  it('F11: skips the events of the server, and finds the last event of the platform before many of them', async () => {
    const { position } = await appendEvents(store, stream, [{}]);
    server.writeStatistics(700);
    expect(await store.head()).toBe(position);
    server.writeStatistics(5);
    const deliveries = collecting(store, position);
    await eventually(() => expect(deliveries.marks()).toBe(1));
    const next = await appendEvents(store, stream, [{}]);
    server.writeStatistics(5);
    server.network.cut();
    await eventually(() => expect(deliveries.positions()).toEqual([next.position]));
    expect(await store.head()).toBe(next.position);
    const read: StoredEvent[] = [];
    for await (const event of store.readAll({ after: position, limit: 1 })) read.push(event);
    expect(read.map((event) => event.position)).toEqual([next.position]);
    await deliveries.end();
  });

  it('F17: delivers a foreign or damaged event as unreadable', async () => {
    const { position } = await appendEvents(store, stream, [{}]);
    const place = Number(position.slice(-20));
    server.log.replace(place, (event) => ({ ...event, metadata: new Uint8Array(Buffer.from('{')) }));
    expect(await stored()).toMatchObject([{ type: 'event-store.unreadable', stream, revision: 0, position }]);
    server.log.replace(place, (event) => ({ ...event, metadata: new Uint8Array(Buffer.from('{}')) }));
    expect(await stored()).toMatchObject([{ type: 'event-store.unreadable' }]);
    server.log.replace(place, (event) => ({ ...event, contentType: 'application/octet-stream' }));
    expect(await stored()).toMatchObject([{ type: 'event-store.unreadable' }]);
  });

  it.each(['', '$metadata'])('rejects an event of type %j, which would stop the client', async (type) => {
    await expect(store.append(stream, sealedEvents(stream, [{ type }]), NO_STREAM)).rejects.toThrow('has no type');
    await appendEvents(store, stream, [{}]);
  });

  it.each(['', '$settings', 'store'])('rejects appends to the stream %j', async (name) => {
    await expect(store.append(name, sealedEvents(name, [{}]), NO_STREAM)).rejects.toThrow(
      'not a stream of the platform',
    );
  });
});

/** Reads a subscription into memory until it is ended. */
function collecting(store: EventStore, after?: StoredEvent['position']) {
  const stop = new AbortController();
  const positions: string[] = [];
  let marks = 0;
  const reading = (async () => {
    for await (const delivery of store.subscribe({ ...(after && { after }), signal: stop.signal }))
      if (isCaughtUp(delivery)) marks += 1;
      else positions.push(delivery.position);
  })();
  return {
    positions: () => positions,
    marks: () => marks,
    async end() {
      stop.abort();
      await reading;
    },
  };
}
