import { cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { eventually, loginAdmin, startPlatform, temporaryFolder, type Person, type Platform } from '#testing';
import { createTestAuthority, packChart, startFileServer, startRegistry, type FileServer } from '#testing/charts';
import { addCommit, createRepository, describeWithGit, startGitServer, type GitServer } from './git/git.fixture.ts';
import { startSshServer, type SshServer } from './git/ssh.fixture.ts';
import { PROGRAMS } from './helm/helm.fixture.ts';
import {
  COMPLETE_DIFF,
  differencesOf,
  isHook,
  namesOf,
  objectsOf,
  runTool,
  type Difference,
  type PlainObject,
} from './kubernetes-tools.fixture.ts';

const root = join(import.meta.dirname, '..', '..', '..', 'examples');
/** The Kubernetes on which the examples are deployed in addition to the organization's sandbox. */
const kubeconfig = process.env['ASTRO_TEST_KUBECONFIG'];
/** A registry of somebody else. By default, one of the tests. */
const registryUrl = process.env['ASTRO_TEST_REGISTRY_URL'];
const CLUSTERS = kubeconfig === undefined ? ['sandbox'] : ['sandbox', 'dev'];

/** Of the custom resource in the example's chart. */
const GROUP = 'shop.example.com';

const read = (file: string): string => readFileSync(join(root, file), 'utf8');
/** Files below a folder of the examples, as texts by their path in it. */
const filesIn = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    globSync('**/*.*', { cwd: join(root, folder) }).map((file) => [file, read(join(folder, file))] as const),
  );

const receiptSchema = z.looseObject({
  objects: z.array(z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) })),
});
const diffSchema = z.looseObject({
  changes: z.array(z.looseObject({ object: z.string(), path: z.string(), before: z.unknown(), after: z.unknown() })),
});

type Revision = 1 | 2;

interface Example {
  /** Manifest, below the folder of the examples. */
  readonly file: string;
  readonly application: string;
  /** Deployment of an application, and the images of its first and its second revision. */
  readonly deployment: (application: string) => string;
  readonly images: readonly [string, string];
  /** Publishes what the second revision deploys. Absent: the manifest changes, see `edit`. */
  readonly change?: () => void;
  readonly edit?: (manifest: string) => string;
  /** Objects that helm or kustomize render for a revision. Absent: rendered by the platform only. */
  readonly rendered?: (application: string, namespace: string, revision: Revision) => readonly PlainObject[];
  /** Waves of a rollout. */
  readonly waves: readonly string[];
}

describeWithGit('the examples, on the sandbox and on a real Kubernetes', () => {
  const folder = temporaryFolder();
  const repository = join(folder, 'platform.git');
  const closing: (() => Promise<unknown>)[] = [];
  let git: GitServer;
  let ssh: SshServer;
  let charts: FileServer;
  let registry: string;
  let push: (name: string, version: string, archive: Buffer) => void;
  let platform: Platform;
  let ada: Person;

  const run = (words: string, input?: string) => ada.machine.run(words, input);
  const kubectlOn = async (cluster: string, args: readonly string[], options: object = {}): Promise<string> => {
    const done = await ada.machine.kubectl(['--context', cluster, ...args], options);
    if (done.code !== 0) throw new Error(done.stderr);
    return done.stdout.trim();
  };

  /** The example's manifest for a cluster, with the servers of this test. */
  const manifestFor = ({ file, application }: Example, cluster: string): string =>
    read(file)
      .replace(`name: ${application}\n`, `name: ${application}-${cluster}\n`)
      .replace('\nspec:\n', `\nspec:\n  profileName: ${cluster}\n`)
      .replaceAll('https://charts.example.com', chartsUrl())
      .replaceAll('oci://registry.example.com/charts', registry)
      .replace('https://git.example.com', `https://localhost:${git.port}`)
      .replace('ssh://git@git.example.com', `ssh://git@localhost:${ssh.port}`);
  const chartsUrl = (): string => `https://localhost:${charts.port}`;
  /**
   * Files of the example's chart; the dependency is in the given repository. Each example has a group of custom resources
   * of its own, so that none of them has to create the CustomResourceDefinition that another one is deleting.
   */
  const chartFiles = (source: string, appVersion: string, version: string, repositoryUrl: string) => {
    const files: Readonly<Record<string, string>> = {
      ...filesIn('chart/shop'),
      'Chart.yaml': read('chart/shop/Chart.yaml')
        .replace('version: 1.0.0\nappVersion: 2.1.0', `version: ${version}\nappVersion: ${appVersion}`)
        .replace('https://charts.example.com', repositoryUrl),
    };
    return Object.fromEntries(
      Object.entries(files).map(([path, text]) => [path, text.replaceAll(GROUP, `${source}.${GROUP}`)]),
    );
  };
  const gitFiles = (appVersion: string, newTag: string) => ({
    ...withFolder('kustomization', filesIn('kustomization')),
    'kustomization/overlays/production/kustomization.yaml': read(
      'kustomization/overlays/production/kustomization.yaml',
    ).replace('newTag: 1.4.0', `newTag: ${newTag}`),
    ...withFolder('chart/shop', chartFiles('git', appVersion, '1.0.0', chartsUrl())),
  });
  const withFolder = (name: string, files: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(files).map(([path, text]) => [`${name}/${path}`, text]));

  const published: string[] = [];
  /** Publishes a version of the chart in the chart repository. */
  function publish(name: string, version: string, files: Readonly<Record<string, string>>): void {
    charts.files.set(`/${name}-${version}.tgz`, packChart(name, version, files));
    published.push(`${name} ${version}`);
    const entries = Map.groupBy(published, (each) => each.split(' ')[0] ?? '');
    const index = [...entries].map(([chart, versions]) => [
      chart,
      versions.map((each) => ({ version: each.split(' ')[1], urls: [`${each.replace(' ', '-')}.tgz`] })),
    ]);
    charts.files.set('/index.yaml', JSON.stringify({ apiVersion: 'v1', entries: Object.fromEntries(index) as object }));
  }
  /** Renders the example's chart with the real helm, with the dependency in its folder. */
  function helmTemplate(
    source: string,
    [application, namespace]: readonly [string, string],
    [appVersion, version]: readonly [string, string],
    values: string,
  ) {
    const copy = join(folder, `template-${application}`);
    const files = {
      ...chartFiles(source, appVersion, version, 'https://unused.example.com'),
      ...withFolder('charts/settings', filesIn('chart/settings')),
      'given.yaml': values,
    };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(copy, path)), { recursive: true });
      writeFileSync(join(copy, path), text);
    }
    const options = ['--include-crds', '--skip-tests', '--namespace', namespace, '-f', join(copy, 'given.yaml')];
    return objectsOf(runTool(PROGRAMS.helm ?? '', ['template', application, copy, ...options], folder));
  }

  beforeAll(async () => {
    createRepository(repository, []);
    git = await startGitServer(folder, ['localhost']);
    git.credential = Buffer.from('deploy:git-token').toString('base64');
    ssh = await startSshServer(folder);
    const authority = await createTestAuthority('localhost');
    charts = await startFileServer({ tls: authority, login: 'deploy:chart-token' });
    closing.push(
      () => git.close(),
      () => ssh.close(),
      () => charts.close(),
    );
    if (registryUrl === undefined) {
      const own = await startRegistry();
      closing.push(() => own.close());
      registry = `oci://127.0.0.1:${own.port}/charts`;
      push = (name, version, archive) => void own.push(`charts/${name}`, version, archive);
    } else {
      registry = `oci://${new URL(registryUrl).host}/charts-${process.pid}`;
      push = (name, version, archive) => {
        const file = join(folder, `${name}-${version}.tgz`);
        writeFileSync(file, archive);
        runTool(PROGRAMS.helm ?? '', ['push', file, registry, '--plain-http'], folder);
      };
    }
    addCommit(repository, { files: gitFiles('2.1.0', '1.4.0') });
    publish('settings', '1.0.0', filesIn('chart/settings'));
    publish('shop', '1.0.0', chartFiles('repository', '2.1.0', '1.0.0', chartsUrl()));
    push('settings', '1.0.0', packChart('settings', '1.0.0', filesIn('chart/settings')));
    push('shop', '1.0.0', packChart('shop', '1.0.0', chartFiles('registry', '2.1.0', '1.0.0', registry)));

    platform = await startPlatform({ environment: { ASTRO_EGRESS_ALLOW: '127.0.0.0/8,::1/128' } });
    closing.unshift(() => platform.stop());
    ada = await loginAdmin(platform);
    if (kubeconfig !== undefined) await run(`clusters register --cluster-name dev --kubeconfig ${kubeconfig}`);
    for (const cluster of CLUSTERS) {
      await eventually(async () => expect(await run(`clusters get ${cluster}`)).toMatch(/^state: +READY$/m), 20_000);
      await run('app profile apply -f -', `profileName: ${cluster}\nclusterName: ${cluster}\n`);
      await run(`clusters policy set ${cluster} --cluster-scoped apiextensions.k8s.io/CustomResourceDefinition`);
      await run(`clusters set-context ${cluster}`);
    }
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    await run(
      `credentials set localhost:${charts.port} --kind registry --user deploy --ca ${file('charts.pem', authority.cert)}`,
      'chart-token',
    );
    await run(
      `credentials set localhost:${git.port} --kind git --user deploy --ca ${file('git.pem', git.authority)}`,
      'git-token',
    );
    await run(
      `credentials set localhost:${ssh.port} --kind git --known-hosts ${file('known_hosts', ssh.knownHost('localhost'))}`,
      ssh.privateKey,
    );
  }, 240_000);
  afterAll(async () => {
    for (const close of closing) await close();
  });

  const chartWaves = ['definitions', 'pre-deploy', 'configuration', 'workloads', 'post-deploy'];
  const images = ['images.example.com/shop/web:2.1.0', 'images.example.com/shop/web:2.2.0'] as const;
  const EXAMPLES: readonly Example[] = [
    {
      file: 'hello-world.yaml',
      application: 'hello-world',
      deployment: (application) => application,
      images: ['images.example.com/examples/hello-world:1.4.2', 'images.example.com/examples/hello-world:1.5.0'],
      edit: (manifest) => manifest.replace('tag: 1.4.2', 'tag: 1.5.0'),
      waves: ['guards', 'services', 'workloads'],
    },
    {
      file: 'chart/from-repository.yaml',
      application: 'shop',
      deployment: (application) => `${application}-web`,
      images,
      change() {
        publish('shop', '1.1.0', chartFiles('repository', '2.2.0', '1.1.0', chartsUrl()));
      },
      rendered: (application, namespace, revision) =>
        helmTemplate(
          'repository',
          [application, namespace],
          revision === 1 ? ['2.1.0', '1.0.0'] : ['2.2.0', '1.1.0'],
          'replicas: 2\nsettings: { currency: EUR }\n',
        ),
      waves: chartWaves,
    },
    {
      file: 'chart/from-registry.yaml',
      application: 'shop-oci',
      deployment: (application) => `${application}-web`,
      images,
      change() {
        push('shop', '1.1.0', packChart('shop', '1.1.0', chartFiles('registry', '2.2.0', '1.1.0', registry)));
      },
      rendered: (application, namespace, revision) =>
        helmTemplate(
          'registry',
          [application, namespace],
          revision === 1 ? ['2.1.0', '1.0.0'] : ['2.2.0', '1.1.0'],
          'replicas: 1\nsettings: { currency: USD }\n',
        ),
      waves: chartWaves,
    },
    {
      file: 'chart/from-git.yaml',
      application: 'shop-git',
      deployment: (application) => `${application}-web`,
      images,
      change() {
        addCommit(repository, { files: gitFiles('2.2.0', '1.4.0') });
      },
      rendered: (application, namespace, revision) =>
        helmTemplate(
          'git',
          [application, namespace],
          [revision === 1 ? '2.1.0' : '2.2.0', '1.0.0'],
          read('chart/shop/values-production.yaml'),
        ),
      waves: chartWaves,
    },
    {
      file: 'kustomization/application.yaml',
      application: 'kiosk',
      deployment: () => 'kiosk',
      images: ['images.example.com/kiosk:1.4.0', 'images.example.com/kiosk:1.5.0'],
      change() {
        addCommit(repository, { files: gitFiles('2.2.0', '1.5.0') });
      },
      rendered(_, __, revision) {
        const copy = join(folder, 'kustomization-copy');
        cpSync(join(root, 'kustomization'), copy, { recursive: true });
        const overlay = join(copy, 'overlays', 'production');
        const text = read('kustomization/overlays/production/kustomization.yaml');
        const tag = revision === 1 ? '1.4.0' : '1.5.0';
        writeFileSync(join(overlay, 'kustomization.yaml'), text.replace('newTag: 1.4.0', `newTag: ${tag}`));
        return objectsOf(runTool(PROGRAMS.kubectl ?? '', ['kustomize', overlay], folder));
      },
      waves: ['configuration', 'services', 'workloads'],
    },
  ];

  const wavesOf = async (application: string) =>
    [
      ...(await run(`app events ${application} -o json`)).matchAll(
        /"message": ?"([a-z-]+): \d+ objects? \(\d+\/\d+\)"/g,
      ),
    ].map(([, wave]) => wave);

  /** What is done with an application on one cluster. */
  function on(cluster: string, example: Example) {
    const application = `${example.application}-${cluster}`;
    const deployment = example.deployment(application);
    let namespace = '';
    const kubectl = (args: readonly string[], options?: object) =>
      kubectlOn(cluster, ['-n', namespace, ...args], options);
    const field = async (key: string) => (await run(`app status ${application} --field ${key}`)).trim();
    const image = () =>
      kubectl(['get', 'deployment', deployment, '-o', 'jsonpath={.spec.template.spec.containers[0].image}']);
    const recorded = async (version: string): Promise<readonly PlainObject[]> =>
      receiptSchema.parse(JSON.parse(await run(`app history ${application} ${version} --objects -o json`))).objects;
    /** Returns the fields in which the cluster differs from objects, according to kubectl. */
    const kubectlDiff = async (objects: readonly PlainObject[]): Promise<readonly Difference[]> => {
      const options = ['--server-side', '--force-conflicts', '--field-manager=astro-platform', '-f', '-'];
      const compared = await ada.machine.kubectl(['--context', cluster, '-n', namespace, 'diff', ...options], {
        input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects.filter((each) => !isHook(each)) }),
        environment: COMPLETE_DIFF,
      });
      if (compared.code !== 0 && compared.code !== 1) throw new Error(compared.stderr);
      return differencesOf(compared.stdout);
    };
    const isSynced = (state: string) =>
      eventually(async () => expect([cluster, await field('sync')]).toEqual([cluster, state]), 30_000);

    return {
      async isDeployed(manifest: string) {
        expect(await run('app apply -f - --wait', manifest)).toContain(`application/${application} created`);
        namespace = await field('targetNamespace');
        expect(await image()).toBe(example.images[0]);
        expect(await wavesOf(application)).toEqual(example.waves);
        if (example.rendered) {
          const expected = example.rendered(application, namespace, 1);
          expect(namesOf(await recorded('v1'))).toEqual(namesOf(expected));
          expect(await kubectlDiff(expected)).toEqual([]);
        }
      },
      async isChanged(manifest: string) {
        expect(await run('app apply -f - --wait', manifest)).toContain(`application/${application} configured`);
        expect(await image()).toBe(example.images[1]);
        const { code, stdout } = await ada.machine.astroctl(['app', 'diff', application, 'v1', 'v2']);
        expect([code, stdout]).toEqual([1, expect.stringMatching(/(tag|image): .*2|1\.4\.2 -> 1\.5\.0|1\.[45]\.0/)]);
      },
      async isRepaired() {
        const editor = `sed -i s#${example.images[1]}#${example.images[1]}-edited#`;
        await kubectl(['edit', 'deployment', deployment], { environment: { KUBE_EDITOR: editor } });
        await kubectl(['patch', 'deployment', deployment, '-p', '{"spec":{"replicas":5}}']);
        await isSynced('OutOfSync');
        const live = await ada.machine.astroctl(['app', 'diff', application, '--live', '-o', 'json']);
        const ours = diffSchema.parse(JSON.parse(live.stdout)).changes.map(({ object, path, before, after }) => ({
          object,
          path,
          before: String(before),
          after: String(after),
        }));
        const theirs = await kubectlDiff(example.rendered?.(application, namespace, 2) ?? (await recorded('v2')));
        // Values of variables are fingerprints in the record of a revision.
        const known = theirs.filter(({ before }) => !String(before).startsWith('fingerprint:'));
        expect(known).toHaveLength(2);
        expect(ours.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual(
          known.map(({ before, after, ...more }) => ({ ...more, before: String(before), after: String(after) })),
        );
        await run(`app sync ${application} --wait`);
        await isSynced('Synced');
        expect(await image()).toBe(example.images[1]);
      },
      async isRolledBack() {
        await run(`app rollback ${application} --to v1 -y`);
        await run(`app wait ${application}`);
        expect([await image(), await field('health')]).toEqual([example.images[0], 'Healthy']);
      },
      async isDeleted() {
        await run(`app delete ${application} -y`);
        await run(`app wait ${application} --for deleted`);
        const left = await kubectl(['get', 'deployments,services,jobs,configmaps', '-o', 'name']);
        expect(left.split('\n').filter((name) => !/kube-root-ca/.test(name) && name !== '')).toEqual([]);
        if (example.waves.includes('definitions'))
          expect(await kubectl(['get', 'crd', '-o', 'name'])).not.toContain(
            `menus.${example.file.replace(/^chart\/from-(.*)\.yaml$/, '$1')}.${GROUP}`,
          );
      },
    };
  }

  it.each(EXAMPLES.map((example) => [example.file, example] as const))(
    'are applied, changed, edited, compared, repaired, rolled back, and deleted: %s',
    async (_, example) => {
      const all = CLUSTERS.map((cluster) => ({ ...on(cluster, example), manifest: manifestFor(example, cluster) }));
      await Promise.all(all.map((each) => each.isDeployed(each.manifest)));
      example.change?.();
      await Promise.all(all.map((each) => each.isChanged(example.edit?.(each.manifest) ?? each.manifest)));
      await Promise.all(all.map((each) => each.isRepaired()));
      await Promise.all(all.map((each) => each.isRolledBack()));
      await Promise.all(all.map((each) => each.isDeleted()));
    },
    300_000,
  );

  it('use the credentials, and the host keys', () => {
    expect(ssh.commands.length).toBeGreaterThan(0);
    expect(new Set(ssh.commands.map(({ command }) => command))).toEqual(new Set(["git-upload-pack '/platform.git'"]));
    expect(charts.requests.some(({ authorization }) => authorization !== undefined)).toBe(true);
    expect(readFileSync(join(platform.dataDir, 'platform.log'), 'utf8')).not.toMatch(
      /chart-token|git-token|PRIVATE KEY/,
    );
  });
});
