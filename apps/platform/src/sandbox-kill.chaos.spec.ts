import { jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { diceOf, eventually, seedOfRun, startApp, type AppProcess, type Dice } from '#testing';
import { z } from 'zod';
import { clientOf, eachEvent, type SandboxClient } from './sandbox.fixture.ts';

/** A sandbox whose process is killed during writes of users and of its own controllers. */
const SEED = seedOfRun();
const MOMENTS = Number(process.env['ASTRO_TEST_MOMENTS'] ?? 15);
/** After this many kills, the sandbox settles and its state is checked. */
const SETTLE_EVERY = 10;
const WRITERS = 6;

jest.setTimeout(600_000);

const metadata = z.looseObject({
  name: z.string(),
  namespace: z.string().optional(),
  uid: z.string(),
  resourceVersion: z.string().regex(/^\d+$/).transform(Number),
  generation: z.number().optional(),
  deletionTimestamp: z.string().optional(),
  ownerReferences: z
    .array(z.looseObject({ uid: z.string(), kind: z.string(), controller: z.boolean().optional() }))
    .default([]),
});
const known = z.looseObject({
  kind: z.string().default(''),
  metadata,
  spec: z.looseObject({}).default({}),
  status: z.looseObject({}).default({}),
});
type Known = z.infer<typeof known>;
const listed = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string().transform(Number) }),
  items: z.array(known),
});

const COLLECTIONS = [
  '/apis/apps/v1/deployments',
  '/apis/apps/v1/replicasets',
  '/apis/batch/v1/jobs',
  '/api/v1/pods',
  '/api/v1/services',
  '/api/v1/configmaps',
  '/api/v1/namespaces',
  '/api/v1/resourcequotas',
] as const;
type Collection = (typeof COLLECTIONS)[number];
type Everything = Readonly<Record<Collection, readonly Known[]>> & { readonly version: number };

const NAMESPACE = 'work';
const number = z.number().default(0);
const count = (of: Readonly<Record<string, unknown>>, field: string): number => number.parse(of[field]);

/** State of the one object that only this writer writes. */
interface Own {
  readonly path: string;
  /** Object of the last response. Absent if that was a deletion, or if there was none. */
  acknowledged: Known | undefined;
  /** Request without a response so far. */
  underway: 'write' | 'deletion' | undefined;
}

describe(`kill -9 among the writes of a sandbox and its controllers, seed ${SEED}`, () => {
  const dice = diceOf(SEED);
  const folder = mkdtempSync(join(tmpdir(), 'astro-sandbox-kill-'));
  const owns: Own[] = Array.from({ length: WRITERS }, (_, writer) => ({
    path:
      writer % 3 === 2
        ? `/api/v1/namespaces/${NAMESPACE}/configmaps/c${writer}`
        : `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/d${writer}`,
    acknowledged: undefined,
    underway: undefined,
  }));
  /** Object written at each version, according to watches and responses. */
  const told = new Map<number, string>();
  let highest = 0;
  let acknowledgements = 0;
  let interrupted = 0;
  let sandbox: AppProcess;
  let user: SandboxClient;

  const start = async (): Promise<void> => {
    sandbox = startApp('platform', { ASTRO_DATA_DIR: folder }, 'testing/sandboxes.ts');
    const connection = await eventually(() => {
      const line = /^ready (.*)$/m.exec(sandbox.output())?.[1];
      if (line === undefined) throw new Error(`the sandbox is not ready; it said:\n${sandbox.output()}`);
      return z
        .object({ server: z.string(), token: z.string(), certificateAuthority: z.string() })
        .parse(JSON.parse(line));
    });
    user = clientOf(connection);
  };
  /** A version belongs to one change of one object, permanently. */
  const hear = (object: Known, how: string): void => {
    const { uid, resourceVersion } = object.metadata;
    const before = told.get(resourceVersion);
    if (before !== undefined && before !== uid)
      throw new Error(`${how}: version ${resourceVersion} was of ${before} and is now of ${uid}`);
    told.set(resourceVersion, uid);
    highest = Math.max(highest, resourceVersion);
  };
  const everything = async (): Promise<Everything> => {
    let version = Infinity;
    const found = {} as Record<Collection, readonly Known[]>; // filled below for each collection
    for (const collection of COLLECTIONS) {
      const { status, body } = await user.ask(`GET ${collection}`);
      if (status !== 200) throw new Error(`${collection} was answered ${status}`);
      const list = listed.parse(body);
      version = Math.min(version, list.metadata.resourceVersion);
      found[collection] = list.items.map((item) => ({
        ...item,
        kind: collection.slice(collection.lastIndexOf('/') + 1),
      })); // a list does not repeat it
    }
    return { ...found, version };
  };

  beforeAll(async () => {
    await start();
    await user.ask('POST /api/v1/namespaces', {
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    });
    await user.ask(`POST /api/v1/namespaces/${NAMESPACE}/resourcequotas`, {
      body: {
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'all' },
        spec: { hard: { pods: '500', configmaps: '500' } },
      },
    });
  });
  afterAll(async () => {
    await sandbox.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it(`at ${MOMENTS} random moments loses no acknowledged write and shows only valid states`, async () => {
    for (let moment = 1; moment <= MOMENTS; moment++) {
      await writeUntilKilled(50 + dice.below(350));
      await start();
      const now = await everything();
      expect(now.version).toBeGreaterThanOrEqual(highest);
      for (const object of COLLECTIONS.flatMap((collection) => now[collection])) hear(object, 'list');
      for (const own of owns) {
        checkOwn(own, now);
        // A request without a response may have been applied or not, so the state that was read is the expected one.
        own.acknowledged = ownIn(own, now);
        own.underway = undefined;
      }
      expect(inconsistencies(now)).toEqual([]);
      if (moment % SETTLE_EVERY === 0 || moment === MOMENTS)
        await eventually(async () => expect(unsettled(await everything())).toEqual([]), 90_000);
    }
    process.stdout.write(
      `${acknowledgements} writes acknowledged, ${interrupted} interrupted by ${MOMENTS} kills, ${told.size} versions heard of, the highest ${highest}\n`,
    );
    expect(interrupted).toBeGreaterThanOrEqual(MOMENTS / 2); // most kills happened during writes
  });

  async function writeUntilKilled(ms: number): Promise<void> {
    let isUp = true;
    const watches = ['/api/v1/pods', '/apis/apps/v1/replicasets', '/apis/apps/v1/deployments'].map(
      async (collection) => {
        const heard: Known[] = [];
        try {
          const response = await user.open(`GET ${collection}?watch=true&resourceVersion=0`);
          await eachEvent(
            response,
            ({ type, object }) => void (type !== 'BOOKMARK' && heard.push(known.parse(object))),
          );
        } catch (error) {
          if (isUp || !isCutOff(error)) throw error; // only a killed server ends responses early
        }
        for (const object of heard) hear(object, `watch of ${collection}`);
      },
    );
    const writers = owns.map(async (own) => {
      const drawn = diceOf(dice.below(2 ** 31));
      while (isUp) {
        const deletes = own.acknowledged !== undefined && drawn.oneIn(6);
        own.underway = deletes ? 'deletion' : 'write';
        try {
          const { status, body } = deletes
            ? await user.ask(`DELETE ${own.path}`, { body: deletion(drawn) })
            : await user.ask(`PATCH ${own.path}?fieldManager=writer`, applied(own.path, drawn));
          own.underway = undefined;
          if (deletes ? status >= 300 && status !== 404 : status >= 300 && status !== 409)
            throw new Error(`${own.path} was answered ${status}: ${JSON.stringify(body)}`);
          if (status < 300) acknowledgements += 1;
          if (deletes) own.acknowledged = undefined;
          else if (status < 300) hear((own.acknowledged = known.parse(body)), own.path);
        } catch (error) {
          if (isUp || !isCutOff(error)) throw error;
          interrupted += 1;
        }
      }
    });
    await pause(ms);
    isUp = false;
    await sandbox.kill();
    await Promise.all([...writers, ...watches]);
  }
});

/** Returns whether an error is that of a connection whose other end was killed. */
// from another realm than the Error of the test
const isCutOff = (error: unknown): boolean => typeof error === 'object' && error !== null && 'code' in error;

/** Applies a Deployment or ConfigMap with random contents (server-side apply). */
function applied(
  path: string,
  dice: Dice,
): { readonly headers: Readonly<Record<string, string>>; readonly body: unknown } {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const template = {
    metadata: { labels: { app: name } },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'web', image: `sandbox.invalid/app:1.${dice.below(3)}` }],
    },
  };
  const body = path.includes('/configmaps/')
    ? { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { value: String(dice.below(1_000_000)) } }
    : {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name },
        spec: { replicas: dice.below(4), revisionHistoryLimit: 2, selector: { matchLabels: { app: name } }, template },
      };
  return { headers: { 'content-type': 'application/apply-patch+yaml' }, body };
}

const deletion = (dice: Dice) => ({
  apiVersion: 'v1',
  kind: 'DeleteOptions',
  propagationPolicy: dice.pick(['Background', 'Foreground']),
});

function ownIn({ path }: Own, now: Everything): Known | undefined {
  const [, collection, name] = /\/(configmaps|deployments)\/(.*)$/.exec(path) ?? [];
  return now[collection === 'configmaps' ? '/api/v1/configmaps' : '/apis/apps/v1/deployments'].find(
    ({ metadata: { name: its, namespace } }) => its === name && namespace === NAMESPACE,
  );
}

function checkOwn(own: Own, now: Everything): void {
  const { path, acknowledged, underway } = own;
  const found = ownIn(own, now);
  if (!acknowledged) {
    // An acknowledged deletion is final: the object is being deleted, or was created by a write whose response was
    // lost.
    if (found && underway !== 'write')
      expect({ path, found, goes: found.metadata.deletionTimestamp !== undefined }).toMatchObject({ goes: true });
    return;
  }
  // a write to an object that is being deleted does not keep it
  const goes = underway === 'deletion' || acknowledged.metadata.deletionTimestamp !== undefined;
  if (goes && found?.metadata.uid !== acknowledged.metadata.uid) return;
  expect({ path, uid: found?.metadata.uid }).toEqual({ path, uid: acknowledged.metadata.uid });
  expect(found?.metadata.resourceVersion ?? 0).toBeGreaterThanOrEqual(acknowledged.metadata.resourceVersion);
  if (underway === undefined)
    expect({ path, spec: found?.spec, data: found?.['data'] }).toEqual({
      path,
      spec: acknowledged.spec,
      data: acknowledged['data'],
    });
}

/** Returns states that no server shows at any time. */
function inconsistencies(now: Everything): readonly string[] {
  const all = COLLECTIONS.flatMap((collection) => now[collection]);
  const names = all.map(({ kind, metadata: { namespace, name } }) => `${kind} ${namespace ?? ''}/${name}`);
  const versions = all.map(({ metadata: { resourceVersion } }) => resourceVersion);
  const addresses = now['/api/v1/services']
    .map(({ spec }) => spec['clusterIP'])
    .filter((address) => address !== 'None');
  return [
    ...doubled('name', names),
    ...doubled(
      'uid',
      all.map(({ metadata: { uid } }) => uid),
    ),
    ...doubled('version', versions),
    ...doubled('address', addresses),
    ...all.flatMap(({ kind, metadata: { name, generation = 0, ownerReferences }, status }) => [
      ...(count(status, 'observedGeneration') > generation
        ? [`${kind} ${name} observed a generation that is not there yet`]
        : []),
      ...(count(status, 'readyReplicas') > count(status, 'replicas')
        ? [`${kind} ${name} has more ready than there are`]
        : []),
      ...(count(status, 'availableReplicas') > count(status, 'readyReplicas')
        ? [`${kind} ${name} has more available than ready`]
        : []),
      ...(ownerReferences.filter(({ controller }) => controller === true).length > 1
        ? [`${kind} ${name} has two controllers`]
        : []),
    ]),
  ];
}

/** Returns objects that still change when nobody writes. */
function unsettled(now: Everything): readonly string[] {
  const all = COLLECTIONS.flatMap((collection) => now[collection]);
  const uids = new Set(all.map(({ metadata: { uid } }) => uid));
  const ownedBy = (collection: Collection, owner: Known) =>
    now[collection].filter(({ metadata: { ownerReferences } }) =>
      ownerReferences.some(({ uid }) => uid === owner.metadata.uid),
    );
  const sum = (objects: readonly Known[], field: string) =>
    objects.reduce((total, { spec }) => total + count(spec, field), 0);
  const found = all.flatMap(({ kind, metadata: { name, deletionTimestamp, ownerReferences } }) => [
    ...(deletionTimestamp === undefined ? [] : [`${kind} ${name} is still being deleted`]),
    ...ownerReferences
      .filter(({ kind: owner, uid }) => ['Deployment', 'ReplicaSet', 'Job'].includes(owner) && !uids.has(uid))
      .map(({ kind: owner }) => `${kind} ${name} has lost its ${owner}`),
  ]);
  for (const deployment of now['/apis/apps/v1/deployments']) {
    const { metadata, spec, status } = deployment;
    const wanted = count(spec, 'replicas');
    const sets = ownedBy('/apis/apps/v1/replicasets', deployment);
    const shown = ['replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas'].map((field) =>
      count(status, field),
    );
    if (shown.some((value) => value !== wanted)) found.push(`${metadata.name} shows ${shown.join(', ')} of ${wanted}`);
    if (count(status, 'observedGeneration') !== metadata.generation) found.push(`${metadata.name} was not looked at`);
    if (sum(sets, 'replicas') !== wanted)
      found.push(`sets of ${metadata.name} hold ${sum(sets, 'replicas')} of ${wanted}`);
    if (sets.length > 3) found.push(`${metadata.name} keeps ${sets.length} sets`);
  }
  for (const set of now['/apis/apps/v1/replicasets']) {
    const pods = ownedBy('/api/v1/pods', set);
    const wanted = count(set.spec, 'replicas');
    if (pods.length !== wanted || count(set.status, 'replicas') !== wanted)
      found.push(
        `${set.metadata.name} has ${pods.length} pods, shows ${count(set.status, 'replicas')}, wants ${wanted}`,
      );
    for (const { metadata, status } of pods)
      if (status['phase'] !== 'Running') found.push(`${metadata.name} is ${String(status['phase'])}`);
  }
  const inNamespace = (collection: Collection) =>
    now[collection].filter(({ metadata: { namespace } }) => namespace === NAMESPACE).length;
  const used = now['/api/v1/resourcequotas'].map(({ status }) => status['used']);
  const counted = { pods: String(inNamespace('/api/v1/pods')), configmaps: String(inNamespace('/api/v1/configmaps')) };
  if (JSON.stringify(used) !== JSON.stringify([counted]))
    found.push(`the quota counts ${JSON.stringify(used)} of ${JSON.stringify(counted)}`);
  return found;
}

function doubled(what: string, values: readonly unknown[]): readonly string[] {
  const seen = new Set<unknown>();
  return values.flatMap((value) =>
    seen.has(value) ? [`${what} ${String(value)} is there twice`] : (seen.add(value), []),
  );
}
