import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import {
  call,
  eventually,
  loginAdmin,
  openShop,
  startAgain,
  startPlatform,
  temporaryFolder,
  type Person,
  type Platform,
} from '#testing';
import { createTestAuthority, packChart, startFileServer, type FileServer } from '#testing/charts';
import { logOf } from '#testing/log';
import { z } from 'zod';
import { addCommit, createRepository, describeWithGit, startGitServer, type GitServer } from './git/git.fixture.ts';
import { sha256 } from './helm/archives.ts';

/**
 * Kills the platform (`kill -9`) while many applications are deployed, each of them just before another request of its
 * attempt. Afterwards, all attempts must have ended as one that was not disturbed.
 */
jest.setTimeout(900_000);

const FETCHED = ['report fetched', 'store source'];
const PREPARED = ['report rendered', 'store rendered', 'PATCH namespace', 'report planned'];
/** Requests before which attempts at two revisions of the same objects are killed, in order. */
const OBJECTS = [
  [
    ...['claimed', ...PREPARED, 'PATCH jobs/migrate', 'wait pre-deploy', 'PATCH configmaps/settings'],
    ...['PATCH deployments/web', 'PATCH ingresses/web', 'wait', 'PATCH jobs/notify', 'finish'],
  ],
  ['DELETE jobs/migrate', 'PATCH configmaps/settings', 'DELETE configmaps/old', 'finished'],
];
/** The same, of attempts at objects that the platform generates. */
const GENERATED = [
  [
    ...['claimed', ...PREPARED, 'PATCH jobs/APP-pre-deploy', 'wait pre-deploy'],
    ...[
      'DELETE serviceaccounts/APP-pre-deploy',
      'PATCH serviceaccounts/APP',
      'PATCH configmaps/APP-files',
      'PATCH services/NAMESPACE-app',
    ],
    ...['PATCH deployments/APP', 'PATCH ingresses/APP', 'wait', 'finish'],
  ],
  ['DELETE jobs/APP-pre-deploy', 'PATCH deployments/APP', 'DELETE configmaps/APP-files', 'finished'],
];
const SOURCES = {
  image: GENERATED,
  yaml: OBJECTS,
  repository: OBJECTS.map((steps) => [...FETCHED, ...steps]),
  helm: OBJECTS.map((steps) => [...FETCHED, ...steps]),
} as const satisfies Record<string, readonly (readonly string[])[]>;
type SourceType = keyof typeof SOURCES;
const TERMINAL = [
  'deployment.succeeded.v1',
  'deployment.failed.v1',
  'deployment.superseded.v1',
  'deployment.abandoned.v1',
];
/** Written by each attempt, interrupted or not. */
const INVENTORY = 'ConfigMap/astro-inventory-ID';
/** Milliseconds until all attempts must have reached a moment, or have ended, on a busy machine. */
const WAIT_MS = 300_000;
/** Applications that are created concurrently. */
const CLIENTS = 4;

const ofAttempt = { app: z.string(), attemptId: z.string() };
/** A line of `held-attempts.ts`. */
const line = z.union([
  z.strictObject({ ...ofAttempt, moment: z.string(), held: z.boolean() }),
  z.strictObject({ ...ofAttempt, wrote: z.string(), version: z.string() }),
  z.strictObject({ ...ofAttempt, deleted: z.string() }),
]);
type Line = z.infer<typeof line>;

const attempt = z.looseObject({
  attemptId: z.string(),
  revision: z.number(),
  message: z.string().optional(),
  replicas: z.string().nullish(),
  endpoint: z.string().nullish(),
});
type Result = Pick<z.infer<typeof attempt>, 'message' | 'replicas' | 'endpoint'> & { readonly type: string };
const planned = z.looseObject({ applicationId: z.string(), revision: z.number(), digest: z.string() });
const inventory = z.looseObject({
  applicationId: z.string(),
  entries: z.array(z.looseObject({ kind: z.string(), name: z.string(), namespace: z.string() })),
});
const applications = z.object({
  items: z.array(
    z.looseObject({
      name: z.string(),
      id: z.string(),
      version: z.string(),
      status: z.string(),
      message: z.string(),
      attempt: z.looseObject({ state: z.string() }).nullable(),
    }),
  ),
});
const revisions = z.looseObject({ items: z.array(z.looseObject({ revision: z.number(), state: z.string() })) });
const configMaps = z.object({
  items: z.array(
    z.looseObject({
      metadata: z.looseObject({ name: z.string(), namespace: z.string() }),
      data: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

const hook = (name: string, phase: string): string =>
  `apiVersion: batch/v1
kind: Job
metadata: { name: ${name}, annotations: { helm.sh/hook: "${phase}-install,${phase}-upgrade" } }
spec: { backoffLimit: 0, template: { spec: { restartPolicy: Never, containers: [{ name: c, image: "sandbox.invalid/app:1" }] } } }
`;

/** Objects of several waves with a hook before and after them. The second revision does not contain `old`. */
const manifests = (revision: number, value: string, host: string, random = 'none'): string =>
  [
    `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { value: "${value}", random: "${random}" }\n`,
    ...(revision === 1 ? ['apiVersion: v1\nkind: ConfigMap\nmetadata: { name: old }\n'] : []),
    `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: "sandbox.invalid/app:1.${revision}" }] }
`,
    `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web }
spec: { rules: [{ host: "${host}", http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] } }] }
`,
    hook('migrate', 'pre'),
    hook('notify', 'post'),
  ].join('---\n');

interface Application {
  readonly name: string;
  readonly source: SourceType;
}
interface Victim extends Application {
  readonly revision: number;
  /** Request of the attempt at this revision before which the platform is killed. */
  readonly moment: string;
  /** Whether the objects are recorded at that moment, so that they need not be fetched and rendered again. */
  readonly isSealed: boolean;
}

const TYPES = Object.keys(SOURCES) as SourceType[];
const victims: readonly Victim[] = TYPES.flatMap((source) =>
  SOURCES[source]
    .flatMap((steps: readonly string[], index) =>
      steps.map((moment) => {
        const isSealed = moment !== 'claimed' && !FETCHED.includes(moment);
        return { source, revision: index + 1, moment, isSealed };
      }),
    )
    .map((victim, number) => ({ ...victim, name: `${source}-${number + 1}` })),
);
const undisturbed = (source: SourceType): string => `${source}-0`;
const others: readonly Application[] = TYPES.map((source) => ({ name: undisturbed(source), source }));
const at = (some: readonly Application[], revision: number) => some.map(({ name }) => ({ name, revision }));

describeWithGit('kill -9 before the requests of an attempt, for each source', () => {
  const folder = temporaryFolder();
  const repository = join(folder, 'shop.git');
  let git: GitServer;
  let charts: FileServer;
  /** Whether the servers of charts and repositories answer. */
  let isAvailable = true;
  let platform: Platform;
  let ada: Person;
  /** Names of the applications by ID. */
  let names: ReadonlyMap<string, string> = new Map();

  const lines = (): readonly Line[] =>
    readFileSync(join(folder, 'moments.jsonl'), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((text) => line.parse(JSON.parse(text)));
  const hold = (some: readonly Victim[]): void =>
    writeFileSync(
      join(folder, 'held.json'),
      JSON.stringify(Object.fromEntries(some.map(({ name, moment }) => [name, moment]))),
    );
  const organization = () => `/v1/organizations/${ada.organization.id}`;
  const get = async <T>(what: z.ZodType<T>, path: string): Promise<T> => {
    const answer = await call(platform.url, `GET ${organization()}/${path}`, { credential: ada.key });
    if (answer.status !== 200) throw new Error(answer.text);
    return what.parse(answer.body);
  };
  const listed = async () => (await get(applications, 'applications?limit=500')).items;

  const serve = (path: string, content: string | Uint8Array): void =>
    void charts.files.set(path, (_request, response) =>
      isAvailable ? response.writeHead(200).end(content) : response.writeHead(503).end(),
    );
  const publish = (versions: readonly (readonly [version: string, revision: number, value: string])[]): void => {
    const entries = versions.map(([version, revision, value]) => {
      const archive = packChart('shop', version, {
        'templates/all.yaml': manifests(revision, value, '{{ .Release.Name }}.shop.example', '{{ randAlphaNum 12 }}'),
      });
      serve(`/shop-${version}.tgz`, archive);
      return `  - { apiVersion: v2, name: shop, version: ${version}, digest: ${sha256(archive)}, urls: [shop-${version}.tgz] }\n`;
    });
    serve('/index.yaml', `apiVersion: v1\nentries:\n  shop:\n${entries.join('')}`);
  };
  const commit = (revision: number, value: string): string => {
    const folders = [undisturbed('repository'), ...victims.map(({ name }) => name)];
    const files = folders.map((name) => [`${name}/all.yaml`, manifests(revision, value, `${name}.shop.example`)]);
    return addCommit(repository, { files: Object.fromEntries(files) as Record<string, string> });
  };

  const sourceOf = (name: string, source: SourceType, revision: number): object => {
    switch (source) {
      case 'image': {
        const files = revision === 1 && { configFiles: [{ path: '/etc/app/old.txt', content: 'old' }] };
        const preDeploy = { command: ['/migrate'] };
        const image = { registry: 'sandbox.invalid', repository: 'app', tag: `1.${revision}`, preDeploy, ...files };
        return { type: 'image', image };
      }
      case 'yaml':
        return { type: 'yaml', yaml: { manifests: manifests(revision, `v${revision}`, `${name}.shop.example`) } };
      case 'repository': {
        const repo = { repoURL: `https://localhost:${git.port}/shop.git`, path: name };
        return { type: 'repository', repository: { repo } };
      }
      case 'helm': {
        const repoURL = `https://localhost:${charts.port}`;
        return { type: 'helm', helm: { repo: { repoURL, chartName: 'shop', chartVersion: `^${revision}.0.0` } } };
      }
    }
  };
  const put = async ({ name, source }: Application, revision: number): Promise<void> => {
    const externalAccess = source === 'image' && { externalAccess: { hostname: `${name}.shop.example` } };
    const body = { name, profileName: 'shop', source: sourceOf(name, source, revision), ...externalAccess };
    const what = `PUT ${organization()}/applications/${name}`;
    for (;;) {
      const answer = await call(platform.url, what, { credential: ada.key, body });
      if (answer.status < 300) return;
      // Concurrent new names conflict in one stream, and a busy machine does not pin all sources in time.
      if (answer.status !== 409 && answer.status !== 503) throw new Error(answer.text);
    }
  };
  const apply = async (some: readonly Application[], revision: number): Promise<void> => {
    const left = some[Symbol.iterator]();
    const client = async (): Promise<void> => {
      for (const each of left) await put(each, revision);
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
  };
  const succeeded = (some: readonly Pick<Victim, 'name' | 'revision'>[]) =>
    eventually(async () => {
      const states = new Map((await listed()).map((each) => [each.name, each]));
      const left = some.flatMap(({ name, revision }) => {
        const { attempt: last, version, status, message } = states.get(name) ?? {};
        return last?.state === 'SUCCEEDED' && version === `v${revision}` ? [] : [`${name}: ${status} ${message}`];
      });
      expect(left).toEqual([]);
    }, WAIT_MS);

  /** Returns what attempts changed on the cluster: an entry for each version of an object, and for each deletion. */
  const effectsOf = (all: readonly Line[], attemptIds: ReadonlySet<string>): readonly string[] => {
    const versions = new Set<string>();
    const deletions: string[] = [];
    for (const each of all) {
      if (!attemptIds.has(each.attemptId)) continue;
      if ('wrote' in each && each.wrote !== INVENTORY) versions.add(`${each.wrote} ${each.version}`);
      if ('deleted' in each) deletions.push(`${each.deleted} deleted`);
    }
    return [...[...versions].map((version) => version.replace(/ \d+$/, '')), ...deletions].toSorted();
  };
  const eventsOf = async (...types: readonly string[]) =>
    (await logOf(platform.dataDir)).filter(({ type }) => types.includes(type));
  const nameOf = (stream: string): string => names.get(stream.replace('application-', '')) ?? '';

  beforeAll(async () => {
    createRepository(repository, []);
    git = await startGitServer(folder, ['localhost']);
    git.answer = (_request, response) => {
      if (!isAvailable) response.writeHead(503).end();
      return !isAvailable;
    };
    const authority = await createTestAuthority('localhost');
    charts = await startFileServer({ tls: authority });
    writeFileSync(join(folder, 'moments.jsonl'), '');
    platform = await startPlatform({
      entry: 'testing/held-attempts.ts',
      environment: { ASTRO_EGRESS_ALLOW: '127.0.0.0/8,::1/128', ASTRO_TEST_MOMENTS: folder },
    });
    ada = await loginAdmin(platform);
    const set = async (path: string, credential: string, body: object): Promise<void> => {
      const answer = await call(platform.url, `PUT ${organization()}/${path}`, { credential, body });
      if (answer.status >= 300) throw new Error(answer.text);
    };
    await set('subscription', ada.accessToken, { plan: 'enterprise' }); // for the number of requests and applications
    await openShop(ada);
    const profile = { profileName: 'shop', clusterName: 'sandbox', availabilityTier: 'basic' };
    await set('profiles/shop', ada.key, profile);
    const { authority: certificateAuthority } = git;
    await set(`credentials/localhost:${git.port}`, ada.key, { kind: 'git', certificateAuthority });
    const ofCharts = { kind: 'registry', certificateAuthority: authority.authority };
    await set(`credentials/localhost:${charts.port}`, ada.key, ofCharts);
  });
  afterAll(async () => {
    await platform.kill();
    await git.close();
    await charts.close();
  });

  it('kills the platform when each attempt is at its moment', async () => {
    const [first, second] = [1, 2].map((revision) => victims.filter((victim) => victim.revision === revision));
    if (!first || !second) throw new Error('no victims');
    publish([['1.0.0', 1, 'v1']]);
    commit(1, 'v1');
    hold(first);
    await apply([...others, ...second, ...first], 1);
    await succeeded(at([...others, ...second], 1));
    publish([
      ['1.0.0', 1, 'v1'],
      ['2.0.0', 2, 'v2'],
    ]);
    commit(2, 'v2');
    hold(victims);
    await apply([...others, ...second], 2);
    await eventually(() => {
      const stopped = new Set(lines().flatMap((each) => ('held' in each && each.held ? [each.app] : [])));
      expect(victims.filter(({ name }) => !stopped.has(name))).toEqual([]);
    }, WAIT_MS);
    await succeeded(at(others, 2));
    names = new Map((await listed()).map(({ id, name }) => [id, name]));
    await platform.process.kill();
  });

  it('has recorded everything before it wrote it to the cluster', async () => {
    const recorded = new Map<string, Set<string>>();
    for (const { stream, data } of await eventsOf('attempt.inventory-recorded.v1')) {
      const { applicationId, entries } = inventory.parse(data);
      const app = names.get(applicationId) ?? '';
      const objects = entries.map(
        ({ kind, name, namespace }) => `${kind}/${name.replace(namespace, 'NAMESPACE').replace(app, 'APP')}`,
      );
      const attemptId = stream.replace('deployment-', '');
      recorded.set(attemptId, new Set([...(recorded.get(attemptId) ?? []), ...objects]));
    }
    const written = lines().filter((each) => 'wrote' in each);
    const own = new Set(['Namespace/NAMESPACE', INVENTORY]);
    expect(written.filter(({ wrote, attemptId }) => !own.has(wrote) && !recorded.get(attemptId)?.has(wrote))).toEqual(
      [],
    );
    expect(new Set(written.map(({ app }) => app)).size).toBeGreaterThan(victims.length / 2);
  });

  it('ends all attempts, those whose objects were recorded without their source', async () => {
    // What branches and ranges of versions mean changes, and nothing is available until the recorded ones have ended.
    publish([
      ['1.0.0', 1, 'v1'],
      ['1.1.0', 1, 'moved'],
      ['2.0.0', 2, 'v2'],
      ['2.1.0', 2, 'moved'],
    ]);
    commit(2, 'moved');
    hold([]);
    isAvailable = false;
    platform = await startAgain(platform);
    await succeeded(victims.filter(({ isSealed }) => isSealed));
    isAvailable = true;
    await succeeded(victims);
  });

  it('E12: has the result of attempts that were not disturbed, with each change made once', async () => {
    const all = lines();
    /** Ends of each attempt by revision, in the order in which the attempts were requested. */
    const attempts = new Map<string, Map<string, Result[]>>();
    for (const { type, stream, data } of await eventsOf('deployment.requested.v1', ...TERMINAL)) {
      const { attemptId, revision, endpoint, message, replicas } = attempt.parse(data);
      const key = `${nameOf(stream)} v${revision}`;
      const ends = attempts.get(key) ?? new Map<string, Result[]>();
      attempts.set(key, ends);
      if (type === 'deployment.requested.v1') ends.set(attemptId, []);
      else ends.get(attemptId)?.push({ type, message, replicas, endpoint: endpoint?.replace(nameOf(stream), 'APP') });
    }
    /** The last attempt has the result of the revision. Those before it were killed. */
    const outcome = (name: string, revision: number) => {
      const own = attempts.get(`${name} v${revision}`) ?? new Map<string, Result[]>();
      const effects = effectsOf(all, new Set(own.keys()));
      const ends = [...own.values()].map((results) => results.map(({ type }) => type));
      return { killed: ends.slice(0, -1), result: [...own.values()].at(-1), effects };
    };
    for (const source of TYPES) {
      const { killed, result, effects } = outcome(undisturbed(source), 2);
      expect(killed).toEqual([]);
      expect(result).toEqual([expect.objectContaining({ type: 'deployment.succeeded.v1' })]);
      expect(effects.length).toBeGreaterThan(3);
    }
    for (const { name, source, revision, moment } of victims) {
      const { killed, ...rest } = outcome(name, revision);
      const { result, effects } = outcome(undisturbed(source), revision);
      expect({ name, moment, ...rest }).toEqual({ name, moment, result, effects });
      expect(killed).toEqual(killed.map(() => ['deployment.abandoned.v1']));
    }
  });

  it('renders the objects of an attempt once, of what its source was when it was requested', async () => {
    const digests = new Map<string, string[]>();
    for (const { data } of await eventsOf('attempt.planned.v1')) {
      const { applicationId, revision, digest } = planned.parse(data);
      const key = `${applicationId} v${revision}`;
      digests.set(key, [...(digests.get(key) ?? []), digest]);
    }
    const plans = [...digests.values()];
    expect(plans.filter((each) => new Set(each).size > 1)).toEqual([]);
    expect(plans.filter(({ length }) => length > 1).length).toBeGreaterThan(victims.length / 2);

    await ada.machine.run('clusters set-context sandbox');
    const shown = await ada.machine.kubectl(['get', 'configmaps', '-A', '-o', 'json']);
    const values = configMaps
      .parse(JSON.parse(shown.stdout))
      .items.filter(({ metadata }) => metadata.name === 'settings')
      .map(({ metadata, data }) => `${metadata.namespace.slice(ada.organization.slug.length + 1)} ${data?.['value']}`);
    const expected = [...at(others, 2), ...victims].filter(({ name }) => !name.startsWith('image-'));
    expect(values.toSorted()).toEqual(expected.map(({ name, revision }) => `${name} v${revision}`).toSorted());
  });

  it('shows one result for each revision in the history', async () => {
    for (const { name, revision } of victims) {
      const { items } = await get(revisions, `applications/${name}/revisions`);
      const history = items.map((each) => `v${each.revision} ${each.state}`);
      expect([name, history]).toEqual([name, ['v1 SUCCEEDED', 'v2 SUCCEEDED'].slice(0, revision)]);
    }
  });
});
