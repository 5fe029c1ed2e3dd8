import { jest } from '@jest/globals';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { rolloutQueue } from '#deployments/contract';
import type { StoredEvent } from '#event-store';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import {
  call,
  diceOf,
  eventually,
  loginAdmin,
  openShop,
  seedOfRun,
  startAgain,
  startPlatform,
  type Person,
  type Platform,
} from '#testing';
import { logOf } from '#testing/log';
import { openEmbeddedWorkQueue } from '#work-queue/embedded';
import { z } from 'zod';

/**
 * Stores of the platform that are deleted or interrupted: on a real Kubernetes if configured, otherwise on the sandbox.
 */
const kubeconfig = process.env['ASTRO_TEST_KUBECONFIG'];
const cluster = kubeconfig ? 'dev' : 'sandbox';
const SEED = seedOfRun();
/** Milliseconds within which the sweep finds open attempts, with a reserve for a busy machine. */
const SWEEP_MS = 15_000 + 3_000;
const WRITERS = 64;
const KILLS = 5;
const PROFILES = 3;

jest.setTimeout(240_000);

const attempt = z.looseObject({ revision: z.number().int() });
const written = z.looseObject({
  name: z.string(),
  description: z.string().nullable(),
  revision: z.number().int().optional(),
});

describe(`stores that are lost or cut off, on ${kubeconfig ? 'a real Kubernetes' : 'the sandbox'}, seed ${SEED}`, () => {
  let platform: Platform;
  let ada: Person;
  let revision = 0;

  const path = () => `/v1/organizations/${ada.organization.id}`;
  const apply = async (): Promise<void> => {
    revision += 1;
    const image = { registry: 'sandbox.invalid', repository: 'app', tag: `1.${revision}`, port: 8080, replicas: 1 };
    const response = await call(platform.url, `PUT ${path()}/applications/shop`, {
      credential: ada.key,
      body: { name: 'shop', profileName: 'shop', source: { type: 'image', image } },
    });
    if (response.status >= 300)
      throw new Error(`revision ${revision} was answered ${response.status}: ${response.text}`);
  };
  const isRunning = () =>
    eventually(async () => {
      const { body } = await call(platform.url, `GET ${path()}/applications/shop`, { credential: ada.key });
      expect(body).toMatchObject({ status: 'RUNNING', sourceRef: expect.stringContaining(`app:1.${revision}`) });
    }, 60_000);
  const events = async (): Promise<readonly StoredEvent[]> =>
    (await logOf(platform.dataDir)).filter(({ type }) => /^(deployment|attempt)\./.test(type));
  /** Counts the events of one type for the newest revision. */
  const newest = async (type: string): Promise<number> =>
    (await events()).filter((event) => event.type === type && attempt.parse(event.data).revision === revision).length;
  const start = async (worker: boolean): Promise<void> => {
    platform = await startAgain(platform, { worker });
  };
  /** Kills the process (`kill -9`), then starts it on the same folder. */
  const killAndStart = async (worker: boolean, between: () => void = () => {}): Promise<void> => {
    await platform.process.kill();
    between();
    await start(worker);
  };
  const deleteQueue = (): void =>
    ['', '-wal', '-shm'].forEach((end) => rmSync(join(platform.dataDir, `work-queue.sqlite${end}`), { force: true }));
  const isDoneOnce = async (): Promise<void> => {
    await isRunning();
    expect([
      await newest('deployment.requested.v1'),
      await newest('attempt.claimed.v1'),
      await newest('deployment.succeeded.v1'),
    ]).toEqual([1, 1, 1]);
  };

  beforeAll(async () => {
    platform = await startPlatform({ environment: { ASTRO_EGRESS_ALLOW: '127.0.0.0/8' } });
    ada = await loginAdmin(platform);
    await openShop(ada, kubeconfig);
    await apply();
    await isDoneOnce();
  });
  afterAll(async () => {
    await platform.kill();
  });

  it('F23: an open attempt is processed once when the queue file was deleted before a start', async () => {
    await killAndStart(false);
    await apply();
    await killAndStart(true, deleteQueue);
    await isDoneOnce();
  });

  it('F23: a queue that is emptied repeatedly is filled by the sweep, and the attempt is processed once', async () => {
    await killAndStart(false);
    const queue = await openEmbeddedWorkQueue({
      folder: platform.dataDir,
      clock: systemClock,
      ids: systemIds,
      log: silentLogger,
    });
    let stolen = 0;
    const release = await queue.work(
      rolloutQueue,
      async (delivery) => void (await delivery.acknowledge(), (stolen += 1)),
      { concurrency: 1 },
    );
    await apply();
    await eventually(() => expect(stolen).toBeGreaterThanOrEqual(3), 4 * SWEEP_MS);
    await release();
    await queue.close();
    expect(await newest('attempt.claimed.v1')).toBe(0);
    await killAndStart(true);
    await isDoneOnce();
  });

  it('F23: deleting the queue file of a running platform loses no request before or after', async () => {
    deleteQueue();
    await apply();
    await isDoneOnce();
    await killAndStart(true);
    await apply();
    await isDoneOnce();
  });

  it(`kill -9 while ${WRITERS} writers write loses no acknowledged write; a revision has one winner`, async () => {
    const acknowledged: { readonly name: string; readonly description: string; readonly revision: number }[] = [];
    const refused = new Map<number, number>();
    let cutOff = 0;
    const names = Array.from({ length: PROFILES }, (_, index) => `race-${index}`);
    const known = new Map<string, number>();
    const dice = diceOf(SEED);
    for (let kill = 0; kill < KILLS; kill++) {
      let isUp = true;
      const before = acknowledged.length;
      const writers = Array.from({ length: WRITERS }, async (_, writer) => {
        const name = names[writer % PROFILES] ?? '';
        for (let turn = 0; isUp && turn < 6; turn++) {
          const description = `${kill}-${writer}-${turn}`;
          const standing = known.get(name);
          // Half of them send the revision that they know, so that many compete for one revision.
          const headers: Record<string, string> =
            writer % 2 === 0 && standing !== undefined ? { 'if-match': `"${standing}"` } : {};
          try {
            const response = await call(platform.url, `PUT ${path()}/profiles/${name}`, {
              credential: ada.key,
              headers,
              body: { profileName: name, clusterName: cluster, description },
            });
            if (response.status >= 300) refused.set(response.status, (refused.get(response.status) ?? 0) + 1);
            else {
              const stands = Number(/^"(\d+)"$/.exec(response.headers.get('etag') ?? '')?.[1]);
              acknowledged.push({ name, description, revision: stands });
              known.set(name, Math.max(stands, known.get(name) ?? 0));
            }
          } catch {
            if (isUp) throw new Error('the platform went away before it was killed');
            cutOff += 1;
          }
        }
      });
      await eventually(() => expect(acknowledged.length).toBeGreaterThan(before + 20));
      await pause(dice.below(600));
      isUp = false;
      await platform.process.kill();
      await Promise.all(writers);
      await start(true);
    }

    const inLog = new Map<string, string | null>();
    const revisions = new Map<string, number[]>();
    for (const { type, data } of await logOf(platform.dataDir)) {
      if (type !== 'profile.created.v1' && type !== 'profile.changed.v1') continue;
      const { name, description, revision: at = 1 } = written.parse(data);
      inLog.set(`${name}@${at}`, description);
      revisions.set(name, [...(revisions.get(name) ?? []), at]);
    }
    process.stdout.write(
      `${acknowledged.length} acknowledged, ${cutOff} cut off by ${KILLS} kills, refused: ${JSON.stringify([...refused])}\n`,
    );
    for (const { name, description, revision: at } of acknowledged)
      expect({ name, at, description: inLog.get(`${name}@${at}`) }).toEqual({ name, at, description });
    expect(new Set(acknowledged.map(({ name, revision: at }) => `${name}@${at}`)).size).toBe(acknowledged.length);
    for (const name of names)
      expect(revisions.get(name)).toEqual(
        Array.from({ length: revisions.get(name)?.length ?? -1 }, (_, index) => index + 1),
      );
    expect(cutOff).toBeGreaterThan(0); // the kills happened during writes
    expect([...refused.keys()].filter((status) => ![409, 412, 429, 503].includes(status))).toEqual([]);

    // The last write is shown.
    for (const name of names) {
      const { body } = await call(platform.url, `GET ${path()}/profiles/${name}`, { credential: ada.key });
      expect(body).toMatchObject({ description: inLog.get(`${name}@${revisions.get(name)?.length}`) });
    }
  });
});
