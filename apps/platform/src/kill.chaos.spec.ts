import { jest } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import type { StoredEvent } from '#event-store';
import {
  auditedWrites,
  call,
  diceOf,
  eventually,
  loginAdmin,
  openShop,
  seedOfRun,
  startAgain,
  startPlatform,
  type PersonResponse,
  type Person,
  type Platform,
} from '#testing';
import { followLog, logOf } from '#testing/log';

/**
 * Kills the entire process group (`kill -9`) while an application is applied: on a real Kubernetes if configured,
 * otherwise on the sandbox.
 */
const kubeconfig = process.env['ASTRO_TEST_KUBECONFIG'];
const cluster = kubeconfig ? 'dev' : 'sandbox';
const MOMENTS = Number(process.env['ASTRO_TEST_MOMENTS'] ?? 3);
/** Written by each attempt, interrupted or not. */
const INVENTORY = 'configmaps/astro-inventory-';
const SEED = seedOfRun();
const BETWEEN = Math.floor(MOMENTS * 0.6);
const TERMINAL = new Set([
  'deployment.succeeded.v1',
  'deployment.failed.v1',
  'deployment.superseded.v1',
  'deployment.abandoned.v1',
]);

jest.setTimeout(1_200_000);

describe(`kill -9 while an application is applied, on ${kubeconfig ? 'a real Kubernetes' : 'the sandbox'}, seed ${SEED}`, () => {
  let platform: Platform;
  let ada: Person;
  let namespace: string;
  let tags = 0;
  let undisturbed: Readonly<Record<string, { readonly first: number; readonly each: number }>> = {};
  const dice = diceOf(SEED);

  const path = () => `/v1/organizations/${ada.organization.id}/applications/shop`;
  const put = (tag: string, idempotencyKey: string): Promise<PersonResponse> =>
    call(platform.url, `PUT ${path()}`, {
      credential: ada.key,
      headers: { 'idempotency-key': idempotencyKey },
      body: {
        name: 'shop',
        profileName: 'shop',
        source: {
          type: 'image',
          image: { registry: 'sandbox.invalid', repository: 'app', tag, port: 8080, replicas: 1 },
        },
      },
    });
  const status = async () =>
    (await call(platform.url, `GET ${path()}`, { credential: ada.key })).body as { status: string; sourceRef: string };
  const isRunning = (tag: string, withinMs = 90_000) =>
    eventually(
      async () =>
        expect(await status()).toMatchObject({ status: 'RUNNING', sourceRef: expect.stringContaining(`app:${tag}`) }),
      withinMs,
    );
  const ownEvents = async (): Promise<readonly StoredEvent[]> =>
    (await logOf(platform.dataDir)).filter(({ type }) => /^(application|deployment|attempt)\./.test(type));

  /**
   * Counts how often the platform changed each object of the application on the real server, without writes that
   * changed nothing.
   */
  const changes = (): Readonly<Record<string, number>> => {
    if (kubeconfig === undefined) return {};
    const versions = new Map<string, Set<string>>();
    for (const { user, namespace: where, object, dryRun, code, version } of auditedWrites(kubeconfig)) {
      const isOurs =
        user.startsWith('system:serviceaccount:astro') &&
        where === namespace &&
        !dryRun &&
        code < 300 &&
        !object.startsWith(INVENTORY);
      if (isOurs && version !== undefined) versions.set(object, (versions.get(object) ?? new Set()).add(version));
    }
    return Object.fromEntries([...versions].map(([object, { size }]) => [object, size]));
  };

  /**
   * Sends the change, kills when `moment` resolves, and starts again. If the change was not acknowledged, it is sent
   * again with the same key.
   */
  async function disturbed(moment: () => Promise<unknown>): Promise<'between' | 'outside'> {
    tags += 1;
    const tag = `1.${tags}`;
    const key = `change-${SEED}-${tags}`;
    const sent = put(tag, key).then(
      (response) => response.status,
      () => undefined,
    );
    await moment();
    await platform.process.kill();
    const answered = await sent;
    const left = await ownEvents();
    const open = new Set<unknown>();
    for (const { type, data } of left) {
      if (type === 'deployment.requested.v1') open.add((data as { attemptId: string }).attemptId);
      if (TERMINAL.has(type)) open.delete((data as { attemptId: string }).attemptId);
    }
    const isRecorded = left.some(
      ({ type, data }) => type === 'application.configured.v1' && (data as { revision: number }).revision === tags + 1,
    );
    if (answered !== undefined) {
      expect(answered).toBeLessThan(300);
      expect(isRecorded).toBe(true); // an acknowledged change is never lost
    }
    platform = await startAgain(platform);
    if (answered === undefined) expect((await put(tag, key)).status).toBeLessThan(300);
    await isRunning(tag);
    return open.size > 0 ? 'between' : 'outside';
  }

  beforeAll(async () => {
    platform = await startPlatform({ environment: { ASTRO_EGRESS_ALLOW: '127.0.0.0/8' } });
    ada = await loginAdmin(platform);
    const { run } = ada.machine;
    await openShop(ada, kubeconfig);
    expect(await put('1.0', 'first')).toMatchObject({ status: 201 });
    await isRunning('1.0');
    namespace = (await run('app status shop --field targetNamespace')).trim();
    await run(`clusters set-context ${cluster}`);
  });
  afterAll(async () => {
    await platform.kill();
  });

  it('at each durable step of an apply', async () => {
    const before = await ownEvents();
    const changed = changes();
    tags += 1;
    expect((await put(`1.${tags}`, `undisturbed-${SEED}`)).status).toBeLessThan(300);
    await isRunning(`1.${tags}`);
    const after = changes();
    undisturbed = Object.fromEntries(
      Object.entries(after).map(([object, times]) => [
        object,
        { first: changed[object] ?? 0, each: times - (changed[object] ?? 0) },
      ]),
    );
    const steps = (await ownEvents()).slice(before.length).map(({ type }) => type);
    expect(steps).toEqual(
      expect.arrayContaining([
        'application.configured.v1',
        'deployment.requested.v1',
        'attempt.claimed.v1',
        'attempt.planned.v1',
        'attempt.applied.v1',
        'deployment.succeeded.v1',
      ]),
    );

    // The next apply may have fewer events. Kills at steps that it does not have come after its end.
    const steady = steps.slice(0, steps.indexOf('deployment.succeeded.v1') + 1);
    for (let step = 1; step <= steady.length; step++) {
      const log = await followLog(platform.dataDir);
      const isThere = async () => {
        const events = await log.since();
        expect(events.length >= step || events.some(({ type }) => type === 'deployment.succeeded.v1')).toBe(true);
      };
      await disturbed(() => eventually(isThere, 60_000).finally(() => log.close()));
    }
  });

  it(`at ${MOMENTS} random moments, of which at least ${BETWEEN} fall between request and end`, async () => {
    const fell = { between: 0, outside: 0 };
    for (let moment = 0; moment < MOMENTS; moment++) fell[await disturbed(() => pause(20 + dice.below(400)))] += 1;
    expect(fell.between).toBeGreaterThanOrEqual(BETWEEN);
  });

  it('has one end for each attempt, each change once, and the state of an uninterrupted run', async () => {
    const events = await ownEvents();
    const attempts = new Map<string, number>();
    for (const { type, data } of events) {
      const { attemptId } = data as { attemptId: string };
      if (type === 'deployment.requested.v1') attempts.set(attemptId, 0);
      if (TERMINAL.has(type)) attempts.set(attemptId, (attempts.get(attemptId) ?? Number.NaN) + 1);
    }
    expect([...attempts.values()].filter((ends) => ends !== 1)).toEqual([]);
    const revisions = events.flatMap(({ type, data }) =>
      type === 'application.configured.v1' ? [(data as { revision: number }).revision] : [],
    );
    expect(revisions).toEqual(Array.from({ length: tags + 1 }, (_, index) => index + 1));
    const succeeded = events.flatMap(({ type, data }) =>
      type === 'deployment.succeeded.v1' ? [(data as { revision: number }).revision] : [],
    );
    expect(succeeded).toEqual(revisions);

    // Each change of the pods increases the Deployment's generation by one, so none was written twice and there are no
    // others.
    const shown = await ada.machine.kubectl([
      'get',
      'deploy',
      'shop',
      '-n',
      namespace,
      '-o',
      'jsonpath={.metadata.generation} {.spec.template.spec.containers[0].image}',
    ]);
    // In the audit log, each object has as many changes as in an uninterrupted run of each revision.
    expect(changes()).toEqual(
      Object.fromEntries(Object.entries(undisturbed).map(([object, { first, each }]) => [object, first + tags * each])),
    );
    expect(shown).toEqual({ code: 0, stdout: `${tags + 1} sandbox.invalid/app:1.${tags}`, stderr: '' });
  });
});
