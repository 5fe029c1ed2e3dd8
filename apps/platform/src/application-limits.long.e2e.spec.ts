import { jest } from '@jest/globals';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { StoredEvent } from '#event-store';
import { call, eventually, loginAdmin, startAgain, startPlatform, type Person, type Platform } from '#testing';
import { followLog, logOf } from '#testing/log';

jest.setTimeout(240_000);

const APPLICATIONS = 10; // of the plan developer
const SLOW_MS = 60_000;
const OF_APPLICATIONS = /^(application|deployment|catalog)\./;

/** Returns the applications that have only a name, which is the state after a crash between the two streams. */
function cutIn(events: readonly StoredEvent[]): { readonly name: string; readonly id: string }[] {
  const streams = new Set(events.map(({ stream }) => stream));
  return claimsIn(events).filter(({ id }) => !streams.has(`application-${id}`));
}

const claimsIn = (events: readonly StoredEvent[]) =>
  events.flatMap(({ type, data }) => {
    if (!type.startsWith('catalog.name-claimed')) return [];
    const { kind, name, id } = data as { kind: string; name: string; id: string };
    return kind === 'application' ? [{ name, id }] : [];
  });

/**
 * Returns the holder of each name after the events. Checks that at each position, a name has one holder and the limit
 * is kept.
 */
function heldIn(events: readonly StoredEvent[]): ReadonlyMap<string, string> {
  const held = new Map<string, string>();
  for (const { type, data } of events) {
    if (!type.startsWith('catalog.name-')) continue;
    const { kind, name, id } = data as { kind: string; name: string; id: string };
    if (kind !== 'application') continue;
    if (type.startsWith('catalog.name-claimed')) {
      expect(held.has(name)).toBe(false);
      held.set(name, id);
      expect(held.size).toBeLessThanOrEqual(APPLICATIONS);
    } else if (type.startsWith('catalog.name-released')) {
      expect(held.get(name)).toBe(id);
      held.delete(name);
    }
  }
  return held;
}

describe('A18: the limit of applications, with requests in any order', () => {
  let platform: Platform;
  let ada: Person;
  const path = (name: string) => `/v1/organizations/${ada.organization.id}/applications/${name}`;
  const put = (name: string) =>
    call(platform.url, `PUT ${path(name)}`, {
      credential: ada.key,
      body: { name, source: { type: 'image', image: { registry: 'sandbox.invalid', repository: 'app', tag: '1' } } },
    });
  const remove = (name: string) => call(platform.url, `DELETE ${path(name)}`, { credential: ada.key });
  const get = (name: string) => call(platform.url, `GET ${path(name)}`, { credential: ada.key });
  const names = async (more: Readonly<Record<string, string>> = {}): Promise<string[]> => {
    const { body } = await call(platform.url, `GET /v1/organizations/${ada.organization.id}/applications`, {
      credential: ada.key,
      headers: more,
    });
    return (body as { items: { name: string }[] }).items.map(({ name }) => name).toSorted();
  };
  // Progress is read from the log, since polling the platform would exceed its request limit.
  const held = async () =>
    heldIn((await logOf(platform.dataDir)).filter(({ stream }) => stream === `catalog-${ada.organization.id}`));
  const areRunning = async (all: readonly string[]) => {
    await eventually(async () => {
      const succeeded = new Set(
        (await logOf(platform.dataDir))
          .filter(({ type }) => type === 'deployment.succeeded.v1')
          .map(({ stream }) => stream),
      );
      const ids = await held();
      expect(all.filter((name) => !succeeded.has(`application-${ids.get(name)}`))).toEqual([]);
    }, SLOW_MS);
    for (const name of all)
      await eventually(async () => expect(await get(name)).toMatchObject({ status: 200, body: { status: 'RUNNING' } }));
  };
  const isGone = (name: string) => eventually(async () => expect((await held()).has(name)).toBe(false), SLOW_MS);
  /** Deletes all applications. The platform completes interrupted deletions; all others can be requested. */
  const clear = async () => {
    for (const name of (await held()).keys()) expect([202, 404]).toContain((await remove(name)).status);
    await eventually(async () => expect(await held()).toEqual(new Map()), SLOW_MS);
    await eventually(async () => expect(await names()).toEqual([]));
  };

  beforeAll(async () => {
    platform = await startPlatform();
    ada = await loginAdmin(platform);
    expect(await names()).toEqual([]);
  });
  afterAll(() => platform.stop());

  it('allows exactly one of 50 parallel creates at limit - 1; the others report limit, use and plan', async () => {
    for (let index = 1; index < APPLICATIONS; index++) expect((await put(`app-${index}`)).status).toBe(201);
    const responses = await Promise.all(Array.from({ length: 50 }, (_, index) => put(`race-${index}`)));
    const created = responses.filter(({ status }) => status === 201);
    const refused = responses.filter(({ status }) => status === 403);
    expect([created.length, refused.length]).toEqual([1, 49]);
    for (const { body } of refused)
      expect(body).toMatchObject({
        code: 'billing/application-limit',
        kind: 'limit',
        limit: APPLICATIONS,
        used: APPLICATIONS,
        plan: 'developer',
      });
    const all = await names({ consistency: created[0]?.headers.get('consistency') ?? '' });
    expect(all).toHaveLength(APPLICATIONS);
    await areRunning(all);
  });

  it('F22: loses and duplicates no name in 25 interleaved creates and deletes with a kill among them', async () => {
    const present = await names();
    const log = await followLog(platform.dataDir);
    let isDone = false;
    const sent = Promise.all(
      Array.from({ length: 25 }, (_, index) => {
        const name = present[index % present.length] ?? 'app-1';
        return [remove(name), put(index % 2 === 0 ? name : `new-${index}`)];
      })
        .flat()
        .map((response) => response.catch(() => undefined)), // the process was killed
    ).finally(() => (isDone = true));
    // Responses arrive nearly at the same time, so the log shows when half of the work is done.
    while (!isDone && (await log.since()).filter(({ type }) => OF_APPLICATIONS.test(type)).length < 12)
      await nextTurn();
    await platform.process.kill();
    await log.close();
    const responses = await sent;
    expect(responses.filter((response) => response === undefined).length).toBeGreaterThan(0);
    for (const response of responses) expect(response?.status ?? 200).toBeLessThan(500);

    platform = await startAgain(platform);
    const left = await names();
    expect(left.length).toBeLessThanOrEqual(APPLICATIONS);
    expect(new Set(left).size).toBe(left.length);
    await clear();
    await expectRoomForAll('after');
    expect((await held()).size).toBe(APPLICATIONS);
  });

  it('F21: after a kill between the catalog and an application, it can be applied again or deleted', async () => {
    await clear();
    const cut = await killBetweenTheStreams();
    expect(cut.length).toBeGreaterThan(1); // one to apply, one to delete
    platform = await startAgain(platform);
    for (const [index, { name }] of cut.entries()) {
      expect(await get(name)).toMatchObject({ status: 200, body: { name } });
      if (index % 2 === 0) {
        expect((await put(name)).status).toBeLessThan(300);
      } else {
        expect((await remove(name)).status).toBeLessThan(300);
        await isGone(name);
        expect((await get(name)).status).toBe(404);
        expect((await put(name)).status).toBe(201);
      }
    }
    await areRunning(cut.map(({ name }) => name));
    await clear();
    await expectRoomForAll('again');
    expect((await held()).size).toBe(APPLICATIONS);
  });

  /**
   * Creates many applications concurrently. Stops the process as soon as two have only a name, then kills it.
   * @returns the applications that have only a name
   */
  async function killBetweenTheStreams(): Promise<readonly { readonly name: string; readonly id: string }[]> {
    for (let round = 0; round < 5; round++) {
      const log = await followLog(platform.dataDir);
      let isDone = false;
      const sent = Promise.all(
        Array.from({ length: APPLICATIONS }, (_, index) => put(`cut-${round}-${index}`).catch(() => undefined)),
      ).then(() => (isDone = true));
      try {
        while (!isDone) {
          await nextTurn();
          if (cutIn(await log.since()).length < 2) continue;
          platform.process.signal('SIGSTOP');
          const cut = cutIn(await log.since());
          if (cut.length >= 2) {
            await platform.process.kill();
            await sent;
            return cutIn(await logOf(platform.dataDir)).filter(({ id }) => cut.some((one) => one.id === id));
          }
          platform.process.signal('SIGCONT');
        }
      } finally {
        await log.close();
      }
      await clear();
    }
    throw new Error('five times ten creations, and no two of them stood between the streams at once');
  }

  /** Checks that deleted applications do not count, and existing ones do. */
  async function expectRoomForAll(prefix: string): Promise<void> {
    for (let index = 0; index < APPLICATIONS; index++)
      expect({ index, status: (await put(`${prefix}-${index}`)).status }).toEqual({ index, status: 201 });
    expect(await put(`${prefix}-too-many`)).toMatchObject({
      status: 403,
      body: { code: 'billing/application-limit', used: APPLICATIONS },
    });
    await areRunning(Array.from({ length: APPLICATIONS }, (_, index) => `${prefix}-${index}`));
  }
});
