// The deployment engine on the sandbox, compared with helm and kubectl on the same objects.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findPrograms, renderHelm, type SourceContext, type SourcePrograms } from '#sources';
import { createHash } from 'node:crypto';
import { createTestAuthority, packChart, startFileServer, type FileServer } from '#testing/charts';
import { call, type Person } from '../../libs/testing/src/platform-people.ts';
import type { Platform } from '../../libs/testing/src/platform-process.ts';
import { helmTemplate, kubectlApply } from './engine.raw.ts';
import { withLoad, withoutLimits } from './load.parts.ts';
import { residentMb } from './other-process.ts';
import type { Row } from './row.ts';
import { surroundings } from './surroundings.ts';

/** Applications with one ConfigMap each. Set BENCH_APPLICATIONS for another number. */
const APPLICATIONS = Number(process.env['BENCH_APPLICATIONS'] ?? 1_000);
const OBJECTS = 300;
/** Size of each ConfigMap of the large chart, and how many there are: 10 MB in total. */
const LARGE = { bytes: 250_000, objects: 40 };
const CLIENTS = 8;
const CHART = '1.0.0';

const configMap = (name: string, text: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  text: ${text}\n`;
/** OBJECTS ConfigMaps. */
const manifests = (prefix: string): string =>
  Array.from({ length: OBJECTS }, (_, n) => configMap(`${prefix}-${n}`, `value-${n}`)).join('---\n');
/** Files of a chart with OBJECTS ConfigMaps, and of one that renders to 10 MB. */
const CHARTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  many: {
    'templates/all.yaml': `{{- range $n := until ${OBJECTS} }}\n---\n${configMap('bench-{{ $n }}', '{{ $.Release.Name }}-{{ $n }}')}{{- end }}\n`,
  },
  large: {
    'templates/all.yaml': `{{- range $n := until ${LARGE.objects} }}\n---\n${configMap('bench-{{ $n }}', `{{ repeat ${LARGE.bytes} "x" }}`)}{{- end }}\n`,
  },
};

export async function run(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'astro-bench-'));
  const charts = await serveCharts();
  try {
    const programs = await findPrograms({ settings: {}, cacheFolder: folder, path: process.env['PATH'] ?? '' });
    const delay = join(folder, 'delay');
    const preload = fileURLToPath(new URL('loop-delay.ts', import.meta.url));
    const rows = [await render(folder, charts, programs)];
    return await withoutLimits((limits) =>
      withLoad(
        async (platform, person) => [
          ...rows,
          await large(platform, person, charts, delay),
          ...(await many(platform, person, folder, programs)),
          ...(await applications(platform, person)),
        ],
        {
          environment: {
            ...limits,
            ASTRO_EGRESS_ALLOW: '127.0.0.0/8',
            NODE_OPTIONS: `--import ${preload}`,
            LOOP_DELAY_FILE: delay,
          },
        },
      ),
    );
  } finally {
    await charts.server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Charts {
  readonly server: FileServer;
  readonly url: string;
  readonly authority: string;
  readonly archives: ReadonlyMap<string, Buffer>;
}

/** Serves the charts as a repository over https. */
async function serveCharts(): Promise<Charts> {
  const tls = await createTestAuthority();
  const server = await startFileServer({ tls });
  const archives = new Map(Object.entries(CHARTS).map(([name, files]) => [name, packChart(name, CHART, files)]));
  const entries = [...archives].map(
    ([name, archive]) =>
      `  ${name}:\n  - {apiVersion: v2, name: ${name}, version: ${CHART}, digest: ${sha256(archive)}, urls: [${name}.tgz]}\n`,
  );
  server.files.set('/index.yaml', `apiVersion: v1\nentries:\n${entries.join('')}`);
  for (const [name, archive] of archives) server.files.set(`/${name}.tgz`, archive);
  return { server, url: `https://127.0.0.1:${server.port}`, authority: tls.authority, archives };
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Measures rendering a chart of 300 objects, with its download, compared with `helm template` of the archive. */
async function render(folder: string, charts: Charts, programs: SourcePrograms): Promise<Row> {
  const context: SourceContext = {
    programs,
    egress: { refusal: () => undefined },
    settingsOf: () => Promise.resolve({ certificateAuthority: charts.authority }),
    folder,
    clock: surroundings.clock,
    signal: new AbortController().signal,
  };
  const archive = charts.archives.get('many') ?? Buffer.alloc(0);
  const file = join(folder, 'many.tgz');
  writeFileSync(file, archive);
  const once = async () => {
    const began = performance.now();
    const rendered = await renderHelm(
      { type: 'helm', repository: charts.url, chart: 'many', version: CHART, releaseName: 'bench' },
      { type: 'helm', version: CHART, digest: `sha256:${sha256(archive)}` },
      { namespace: 'bench', kubernetesVersion: '1.36.3', apiVersions: ['v1'] },
      context,
    );
    if (!rendered.ok) throw new Error(rendered.error.detail);
    return performance.now() - began;
  };
  await once();
  const ours = Math.min(await once(), await once());
  const raw = helmTemplate(programs.helm ?? 'helm', file);
  return {
    name: `a chart of ${OBJECTS} objects fetched and rendered, compared with helm template`,
    unit: 'ms',
    ours,
    raw,
    ratio: raw / ours,
    goal: 'ratio >= 0.77 (at most 1.3 times)',
  };
}

const at = ({ organization }: Person, name: string): string =>
  `/v1/organizations/${organization.id}/applications/${name}`;

async function put(url: string, person: Person, name: string, source: unknown): Promise<void> {
  const path = `PUT ${at(person, name)}`;
  const body = { name, profileName: 'shop', source };
  let answer = await call(url, path, { credential: person.key, body });
  while (answer.status === 409) answer = await call(url, path, { credential: person.key, body }); // concurrent new names
  if (answer.status >= 300) throw new Error(answer.text);
}

/** Waits until an application runs. @returns when, by `performance.now()` */
async function running(url: string, person: Person, name: string): Promise<number> {
  for (;;) {
    const { body } = await call(url, `GET ${at(person, name)}`, { credential: person.key });
    const { status, message } = body as { status: string; message: string };
    if (status === 'RUNNING') return performance.now();
    if (status === 'FAILED') throw new Error(message);
    await pause(10);
  }
}

/** Measures how long the platform's event loop is blocked while a chart that renders to 10 MB is deployed. */
async function large(platform: Platform, person: Person, charts: Charts, file: string): Promise<Row> {
  const host = new URL(charts.url).host;
  const stored = await call(platform.url, `PUT /v1/organizations/${person.organization.id}/credentials/${host}`, {
    credential: person.key,
    body: { kind: 'registry', certificateAuthority: charts.authority },
  });
  if (stored.status >= 300) throw new Error(stored.text);
  await pause(2_000);
  await blocked(platform, file);
  await pause(2_000);
  const quiet = await blocked(platform, file);
  await put(platform.url, person, 'large', {
    type: 'helm',
    helm: { repo: { repoURL: charts.url, chartName: 'large', chartVersion: CHART } },
  });
  await running(platform.url, person, 'large');
  return {
    name: 'event loop blocked while a chart that renders to 10 MB is deployed, compared with none',
    unit: 'ms',
    ours: await blocked(platform, file),
    raw: quiet,
    goal: '<= 50 ms',
  };
}

/** Returns the longest time in milliseconds that the event loop was blocked since the last call. */
async function blocked({ process: app }: Platform, file: string): Promise<number> {
  rmSync(file, { force: true });
  app.signal('SIGUSR2');
  while (!existsSync(file) || readFileSync(file, 'utf8') === '') await pause(2);
  return Number(readFileSync(file, 'utf8'));
}

/** Measures an application of 300 objects until it runs, compared with `kubectl apply --server-side`. */
async function many(platform: Platform, person: Person, folder: string, programs: SourcePrograms): Promise<Row[]> {
  const answer = await call(
    platform.url,
    `POST /v1/organizations/${person.organization.id}/clusters/sandbox/kubeconfig`,
    { credential: person.key, body: {} },
  );
  if (answer.status >= 300) throw new Error(answer.text);
  const { server, certificateAuthorityData, token } = answer.body as Record<string, string>;
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'bench', cluster: { server, 'certificate-authority-data': certificateAuthorityData } }],
      users: [{ name: 'bench', user: { token } }],
      contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
      'current-context': 'bench',
    }),
  );
  const kubectl = programs.kubectl ?? 'kubectl';
  const raw = Math.min(
    kubectlApply(kubectl, kubeconfig, 'raw-1', manifests('bench')),
    kubectlApply(kubectl, kubeconfig, 'raw-2', manifests('bench')),
  );
  const applied = async (name: string) => {
    const began = performance.now();
    await put(platform.url, person, name, { type: 'yaml', yaml: { manifests: manifests(name) } });
    return (await running(platform.url, person, name)) - began;
  };
  const ours = Math.min(await applied('many-1'), await applied('many-2'));
  return [
    {
      name: `an application of ${OBJECTS} objects until it runs, compared with kubectl apply --server-side`,
      unit: 'ms',
      ours,
      raw,
      ratio: raw / ours,
      goal: 'ratio >= 0.67 (at most 1.5 times)',
    },
  ];
}

/** Measures the first apply of many applications, a pass that changes nothing, and the memory afterwards. */
async function applications(platform: Platform, person: Person): Promise<Row[]> {
  const names = Array.from({ length: APPLICATIONS }, (_, n) => `app-${n}`);
  const source = { type: 'yaml', yaml: { manifests: configMap('settings', 'value') } };
  const began = performance.now();
  await each(names, (name) => put(platform.url, person, name, source));
  await ended(platform.url, person, APPLICATIONS, 1);
  const first = performance.now() - began;
  const again = performance.now();
  await each(names, (name) => put(platform.url, person, name, source));
  const unchanged = performance.now() - again;
  const synced = performance.now();
  await each(names, async (name) => {
    const answer = await call(platform.url, `POST ${at(person, name)}/sync`, { credential: person.key, body: {} });
    if (answer.status >= 300) throw new Error(answer.text);
  });
  await ended(platform.url, person, APPLICATIONS, 2);
  const pass = performance.now() - synced;
  const perSecond = { unit: '/s', ours: APPLICATIONS / (first / 1_000), goal: '>= 30/s' };
  const seconds = { unit: 's', goal: '<= 5 s' };
  return [
    { name: `first apply of ${APPLICATIONS} applications with one ConfigMap, until all run`, ...perSecond },
    { name: `the same ${APPLICATIONS} manifests again, unchanged`, ...seconds, ours: unchanged / 1_000 },
    { name: `sync of ${APPLICATIONS} applications with nothing to change`, ...seconds, ours: pass / 1_000 },
    {
      name: `resident memory with ${APPLICATIONS} applications and their sandbox`,
      unit: 'MB',
      ours: residentMb(platform.process.pid),
      goal: '<= 512 MB',
    },
  ];
}

async function each(names: readonly string[], work: (name: string) => Promise<void>): Promise<void> {
  const left = names[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      for (const name of left) await work(name);
    }),
  );
}

interface Item {
  readonly name: string;
  readonly attempt: { readonly number: number; readonly state: string } | null;
}

/** Waits until the attempt with this number has succeeded for this many applications. */
async function ended(url: string, person: Person, count: number, attemptNumber: number): Promise<void> {
  for (;;) {
    let succeeded = 0;
    let cursor = '';
    do {
      const page = await call(
        url,
        `GET /v1/organizations/${person.organization.id}/applications?limit=500${cursor && `&cursor=${cursor}`}`,
        { credential: person.key },
      );
      if (page.status !== 200) throw new Error(page.text);
      const { items, next = '' } = page.body as { items: Item[]; next?: string };
      succeeded += items.filter(
        ({ name, attempt }) =>
          name.startsWith('app-') && attempt?.state === 'SUCCEEDED' && attempt.number >= attemptNumber,
      ).length;
      cursor = next;
    } while (cursor !== '');
    if (succeeded >= count) return;
    await pause(100);
  }
}
