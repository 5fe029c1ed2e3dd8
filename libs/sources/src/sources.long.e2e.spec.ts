import { createHmac } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { eventually, loginAdmin, openShop, startPlatform, temporaryFolder, type Person, type Platform } from '#testing';
import { createTestAuthority, packChart, startFileServer, type FileServer } from '#testing/charts';
import { addCommit, createRepository, describeWithGit, startGitServer, type GitServer } from './git/git.fixture.ts';
import { sha256 } from './helm/archives.ts';
import { PROGRAMS } from './helm/helm.fixture.ts';

const SECRET = 'git-token-canary';
const webhookSchema = z.looseObject({ id: z.string(), address: z.string(), secret: z.string() });
const configMap = (name: string, value: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { value: ${value} }\n`;

describeWithGit('applications from git and from charts, on a whole platform', () => {
  const folder = temporaryFolder();
  const repository = join(folder, 'shop.git');
  let git: GitServer;
  let charts: FileServer;
  let platform: Platform;
  let ada: Person;
  let first: string;

  beforeAll(async () => {
    const [commit = ''] = createRepository(repository, [
      {
        files: {
          'manifests/a.yaml': configMap('a', 'one'),
          'manifests/notes-test.yaml': configMap('notes', 'one'),
          'overlay/kustomization.yaml': 'namePrefix: over-\nresources: [../manifests/a.yaml]\n',
          'kustomization/kustomization.yaml': 'namePrefix: over-\nresources: [a.yaml]\n',
          'kustomization/a.yaml': configMap('a', 'one'),
          'broken/web.yaml': `${configMap('web', 'one')}---\nkind: ConfigMap\nmetadata: { name: b }\n`,
        },
      },
    ]);
    first = commit;
    git = await startGitServer(folder, ['localhost']);
    git.credential = Buffer.from(`deploy:${SECRET}`).toString('base64');
    const authority = await createTestAuthority('localhost');
    charts = await startFileServer({ tls: authority });
    writeFileSync(join(folder, 'git-ca.pem'), git.authority);
    writeFileSync(join(folder, 'charts-ca.pem'), authority.cert);
    platform = await startPlatform({
      environment: { ASTRO_EGRESS_ALLOW: '127.0.0.0/8,::1/128', ASTRO_SOURCE_POLL_SECONDS: '1' },
    });
    ada = await loginAdmin(platform);
    await openShop(ada);
  }, 120_000);
  afterAll(async () => {
    await platform.stop();
    await git.close();
    await charts.close();
  });

  const run = (words: string, input?: string) => ada.machine.run(words, input);
  const tried = (words: readonly string[], input = '') => ada.machine.astroctl(words, { input });
  const url = () => `https://localhost:${git.port}/shop.git`;
  const yaml = (name: string, more: object = {}) =>
    JSON.stringify({
      name,
      profileName: 'shop',
      source: { type: 'yaml', yaml: { repo: { repoURL: url(), path: 'manifests', ...more }, exclude: '*-test.yaml' } },
    });
  const repo = (name: string, path: string, more: object = {}) =>
    JSON.stringify({
      name,
      profileName: 'shop',
      source: { type: 'repository', repository: { repo: { repoURL: url(), path, ...more } } },
    });
  const apply = (input: string) => run('app apply -f - --wait', input);
  const failed = (input: string) => tried(['app', 'apply', '-f', '-', '--wait'], input);
  const valueOf = async (namespace: string, name: string) => {
    await run('clusters set-context sandbox');
    return ada.machine.kubectl(['get', 'configmap', name, '-n', namespace, '-o', 'jsonpath={.data.value}']);
  };
  const namespaceOf = async (name: string) => (await run(`app status ${name} --field targetNamespace`)).trim();

  it('D4: says which credential is missing, and accepts one for exactly this host', async () => {
    const without = await failed(yaml('plain'));
    expect(without).toMatchObject({ code: expect.any(Number) });
    expect(without.code).not.toBe(0);
    await ada.machine.astroctl(
      [
        'credentials',
        'set',
        `localhost:${git.port}`,
        '--kind',
        'git',
        '--user',
        'deploy',
        '--ca',
        join(folder, 'git-ca.pem'),
      ],
      { input: `${SECRET}\n` },
    );
    expect(await run('credentials list')).toMatch(new RegExp(`localhost:${git.port} +git +deploy +[0-9a-f]{12}`));
    expect(await apply(yaml('plain'))).toContain('application/plain created');
    expect(await valueOf(await namespaceOf('plain'), 'a')).toMatchObject({ stdout: 'one' });
    expect(await run('app resources plain')).not.toContain('notes');
  }, 120_000);

  it('shows the commit, deploys a moved branch when it is applied again, and rolls back without the server', async () => {
    expect(await run('app status plain --field sourceRef')).toContain(`${url()} main@${first.slice(0, 12)}`);
    expect(await run('app apply -f -', yaml('plain'))).toContain('application/plain unchanged');
    const second = addCommit(repository, { files: { 'manifests/a.yaml': configMap('a', 'two') } });
    const moved = `main: ${first.slice(0, 6)}… → ${second.slice(0, 6)}…`;
    expect(await apply(yaml('plain'))).toContain(`application/plain configured (${moved})`);
    const namespace = await namespaceOf('plain');
    expect(await valueOf(namespace, 'a')).toMatchObject({ stdout: 'two' });
    expect(await run('app history plain')).toMatch(
      new RegExp(
        `v2 .+main@${second.slice(0, 12)}[^]+v1 .+main@${first.slice(0, 12)}|v1 .+main@${first.slice(0, 12)}[^]+v2 .+main@${second.slice(0, 12)}`,
      ),
    );
    const diff = await tried(['app', 'diff', 'plain', 'v1', 'v2']);
    expect(diff).toMatchObject({ code: 1, stdout: expect.stringContaining(second) });

    git.answer = (_request, response) => {
      response.writeHead(503).end();
      return true;
    };
    await run('app rollback plain --to v1 -y');
    await run('app wait plain');
    expect(await valueOf(namespace, 'a')).toMatchObject({ stdout: 'one' });
    git.answer = undefined;
  }, 120_000);

  it('follows a branch with syncPolicy.auto, unless the application is paused or pinned', async () => {
    const commit = (value: string) => addCommit(repository, { files: { 'manifests/a.yaml': configMap('a', value) } });
    const started = commit('followed');
    const followed = (name: string) => apply(JSON.stringify({ ...JSON.parse(yaml(name)), syncPolicy: { auto: true } }));
    await followed('follower');
    const namespace = await namespaceOf('follower');
    const deployed = (value: string, at = namespace) =>
      eventually(async () => expect(await valueOf(at, 'a')).toMatchObject({ stdout: value }), 30_000);
    const pushed = commit('pushed');
    await deployed('pushed');
    const reason = `main: ${started.slice(0, 6)}… → ${pushed.slice(0, 6)}…`;
    expect(await run('app events follower')).toContain(reason);
    expect(await run('app history follower')).toMatch(/v2 .*platform/);

    await run('app wait follower');
    await run('app pause follower');
    await followed('plain');
    commit('while paused');
    await deployed('while paused', await namespaceOf('plain'));
    expect(await valueOf(namespace, 'a')).toMatchObject({ stdout: 'pushed' });
    await run('app resume follower');
    await deployed('while paused');

    await run('app wait follower');
    await run('app rollback follower --to v1 -y');
    await deployed('followed');
    await run('app wait follower');
    expect(await run('app status follower --field sync')).toBe('Pinned\n');
    git.answer = (_request, response) => {
      response.writeHead(503).end();
      return true;
    };
    try {
      await run('app resume follower');
      await eventually(async () => {
        expect(await run('app status follower --field message')).toMatch(
          /^changes of its source are not deployed: .*503/,
        );
      });
      await eventually(async () => expect(await run('app status follower --field health')).toBe('Healthy\n'));
    } finally {
      git.answer = undefined;
    }
    await deployed('while paused');
    await run('app delete follower -y');
    await run('app wait follower --for deleted');
  }, 120_000);

  it('D12: deploys what a git host reports over HTTP, unless the report is forged or replayed', async () => {
    await apply(JSON.stringify({ ...JSON.parse(yaml('hooked')), syncPolicy: { auto: true } }));
    const { id, address, secret } = webhookSchema.parse(JSON.parse(await run('app webhook create hooked -o json')));
    expect(address).toBe(`${platform.url}/hooks/${id}`);
    const send = async (payload: string, headers: Record<string, string>) => {
      const sent = { 'content-type': 'application/json', ...headers };
      const response = await fetch(address, { method: 'POST', headers: sent, body: payload });
      return { status: response.status, body: await response.json() };
    };
    const signed = (payload: string, event = 'push') => ({
      'x-github-event': event,
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(payload).digest('hex')}`,
    });
    const push = (ref: string) =>
      `{ "ref" : "${ref}",\r\n "repository": {"clone_url":"${url()}"},"by":"Zoë \\u2713" }\n`;
    const main = push('refs/heads/main');

    expect(await send('{"zen": "x"}', signed('{"zen": "x"}', 'ping'))).toMatchObject({ status: 200 });
    const elsewhere = push('refs/heads/next');
    expect(await send(elsewhere, signed(elsewhere))).toMatchObject({ status: 200, body: { outcome: 'ignored' } });
    const commit = addCommit(repository, { files: { 'manifests/a.yaml': configMap('a', 'reported') } });
    const forged = await send(main, signed(elsewhere));
    expect(forged).toMatchObject({ status: 401, body: { code: 'webhook/signature-invalid' } });
    expect(await send(main, signed(main))).toMatchObject({ status: 202, body: { outcome: 'checking' } });
    expect(await send(main, signed(main))).toMatchObject({ status: 409, body: { code: 'webhook/replayed' } });
    await eventually(async () => {
      expect(await run('app status hooked --field sourceRef')).toContain(commit.slice(0, 12));
    }, 30_000);

    expect(await run('app webhook list hooked')).toMatch(new RegExp(`^${id} +github .*checking`, 'm'));
    expect(await run(`app webhook delete hooked ${id}`)).toBe(`webhook/${id} deleted\n`);
    expect(await send(main, signed(main))).toMatchObject({ status: 401 });
    expect(readFileSync(join(platform.dataDir, 'platform.log'), 'utf8')).not.toContain(secret);
  }, 120_000);

  it('renders a kustomization, and names file and line of an error', async () => {
    if (PROGRAMS.kubectl !== undefined) {
      addCommit(repository, {
        files: {
          'kustomization/kustomization.yaml': 'namePrefix: over-\nresources: [a.yaml]\n',
          'kustomization/a.yaml': configMap('a', 'three'),
          'broken/web.yaml': `${configMap('web', 'one')}---\nkind: ConfigMap\nmetadata: { name: b }\n`,
        },
      });
      expect(await apply(repo('kustom', 'kustomization'))).toContain('application/kustom created');
      expect(await valueOf(await namespaceOf('kustom'), 'over-a')).toMatchObject({ stdout: 'three' });
    }
    const broken = await failed(repo('broken', 'broken'));
    expect(broken.code).toBe(3);
    expect(broken.stderr + broken.stdout).toMatch(/web\.yaml document 2 line \d+:\d+: apiVersion is missing/);
  }, 120_000);

  it('says in one sentence what is wrong with a host, a revision, or a path', async () => {
    const gone = await failed(repo('gone', 'kustomization', { targetRevision: 'no-such-branch' }));
    expect(gone.code).not.toBe(0);
    expect(gone.stderr).toContain('no-such-branch');
    const private_ = await failed(repo('private', 'x', { repoURL: 'https://10.255.255.1/a.git' }));
    expect(private_.stderr).toContain('10.255.255.1 is a private address');
    for (const done of [gone, private_]) expect(done.stderr).not.toContain(SECRET);
    expect(await run('app get')).not.toMatch(/^(gone|private) /m);
  }, 120_000);

  it('deploys a chart of a repository with a private authority, pinned by version and digest', async () => {
    if (PROGRAMS.helm === undefined) return;
    const chart = packChart('web', '1.2.0', {
      'values.yaml': 'value: none\n',
      'templates/config.yaml':
        'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: "{{ .Release.Name }}-config" }\ndata: { value: {{ .Values.value | quote }} }\n',
    });
    charts.files.set('/web-1.2.0.tgz', chart);
    charts.files.set(
      '/index.yaml',
      `apiVersion: v1\nentries:\n  web:\n  - apiVersion: v2\n    name: web\n    version: 1.2.0\n    digest: ${sha256(chart)}\n    urls: [web-1.2.0.tgz]\n`,
    );
    await ada.machine.astroctl(
      ['credentials', 'set', `localhost:${charts.port}`, '--kind', 'registry', '--ca', join(folder, 'charts-ca.pem')],
      { input: '' },
    );
    const source = {
      type: 'helm',
      helm: {
        repo: { repoURL: `https://localhost:${charts.port}`, chartName: 'web', chartVersion: '^1.0.0' },
        values: { type: 'object', object: { value: 'from-values' } },
      },
    };
    const manifest = JSON.stringify({ name: 'chart', profileName: 'shop', source });
    expect(await apply(manifest)).toContain('application/chart created');
    expect(await run('app status chart --field sourceRef')).toMatch(/^helm web 1\.2\.0 sha256:[0-9a-f]{12}\n$/);
    expect(await valueOf(await namespaceOf('chart'), 'chart-config')).toMatchObject({ stdout: 'from-values' });
    await run('app delete chart -y');
    await run('app wait chart --for deleted');
  }, 120_000);

  it('deploys a chart with a dependency, definitions, and hooks, and upgrades, rolls back, and deletes it', async () => {
    if (PROGRAMS.helm === undefined) return;
    const hook = (name: string, events: string, policy: string, image = 'app:1') =>
      `apiVersion: batch/v1
kind: Job
metadata: { name: ${name}, annotations: { helm.sh/hook: "${events}", helm.sh/hook-delete-policy: "${policy}" } }
spec: { backoffLimit: 0, template: { spec: { restartPolicy: Never, containers: [{ name: c, image: "sandbox.invalid/${image}" }] } } }
`;
    const chart = (version: string, image?: string) =>
      packChart('full', version, {
        'Chart.yaml': `apiVersion: v2\nname: full\nversion: ${version}\ndependencies: [{ name: part, version: 1.0.0 }]\n`,
        'charts/part/Chart.yaml': 'apiVersion: v2\nname: part\nversion: 1.0.0\n',
        'charts/part/templates/a.yaml': configMap('part', version),
        'crds/widget.yaml': `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.acme.dev }
spec:
  group: acme.dev
  scope: Namespaced
  names: { plural: widgets, singular: widget, kind: Widget, listKind: WidgetList }
  versions: [{ name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } } }]
`,
        'templates/widget.yaml': `apiVersion: acme.dev/v1\nkind: Widget\nmetadata: { name: w }\nspec: { version: "${version}" }\n`,
        'templates/migrate.yaml': hook('migrate', 'pre-install,pre-upgrade', 'before-hook-creation', image),
        'templates/notify.yaml': hook('notify', 'post-install,post-upgrade', 'hook-succeeded'),
        'templates/smoke.yaml': hook('smoke', 'test', 'before-hook-creation'),
        'templates/clean.yaml': hook('clean', 'pre-delete', 'before-hook-creation'),
      });
    const offer = (version: string, image?: string) => {
      const archive = chart(version, image);
      charts.files.set(`/full-${version}.tgz`, archive);
      charts.files.set(
        '/index.yaml',
        `apiVersion: v1\nentries:\n  full:\n  - apiVersion: v2\n    name: full\n    version: ${version}\n    digest: ${sha256(archive)}\n    urls: [full-${version}.tgz]\n`,
      );
      const repo = { repoURL: `https://localhost:${charts.port}`, chartName: 'full', chartVersion: version };
      return JSON.stringify({ name: 'full', profileName: 'shop', source: { type: 'helm', helm: { repo } } });
    };
    const waves = async () =>
      (await run('app events full -o json'))
        .match(/"message": ?"(?:definitions|pre-deploy|configuration|workloads|post-deploy): 1 object \(\d\/\d\)"/g)
        ?.map((line) => line.replace(/.*"(\S+): .*/, '$1'));
    await run('clusters policy set sandbox --cluster-scoped apiextensions.k8s.io/CustomResourceDefinition');
    expect(await apply(offer('1.0.0'))).toContain('application/full created');
    expect(await waves()).toEqual(['definitions', 'pre-deploy', 'configuration', 'workloads', 'post-deploy']);
    const namespace = await namespaceOf('full');
    const jobs = async () => {
      const listed = await ada.machine.kubectl([
        'get',
        'jobs',
        '-n',
        namespace,
        '-o',
        'jsonpath={.items[*].metadata.uid}',
      ]);
      return listed.stdout.split(' ');
    };
    expect(await valueOf(namespace, 'part')).toMatchObject({ stdout: '1.0.0' });
    await eventually(async () => expect(await jobs()).toHaveLength(1)); // notify is deleted
    const [migrated] = await jobs();

    await apply(offer('1.1.0'));
    expect(await valueOf(namespace, 'part')).toMatchObject({ stdout: '1.1.0' });
    expect(await jobs()).not.toContain(migrated);
    const refused = await failed(offer('1.2.0', 'app:exit-3'));
    expect(refused.stdout + refused.stderr).toMatch(/pre-deploy hook Job\/migrate failed: /);
    expect(await run('app status full --field status')).toBe('FAILED\n');
    expect(await valueOf(namespace, 'part')).toMatchObject({ stdout: '1.1.0' });
    await run('app rollback full -y');
    await run('app wait full');
    await eventually(async () => expect(await run('app status full --field health')).toBe('Healthy\n'));

    await run('app delete full -y');
    await run('app wait full --for deleted');
    expect(await run('app events full')).toContain('pre-delete: 1 object (1/1)');
    await eventually(async () => expect(await jobs()).toEqual(['']));
    expect((await ada.machine.kubectl(['get', 'crd', 'widgets.acme.dev'])).code).not.toBe(0);
  }, 120_000);

  it('deploys the examples of the user guide, from these servers', async () => {
    if (PROGRAMS.helm === undefined || PROGRAMS.kubectl === undefined) return;
    const root = join(import.meta.dirname, '..', '..', '..');
    const guide = readFileSync(join(root, 'docs', 'user-guide.md'), 'utf8');
    const section = guide.split('### Charts and git repositories')[1]?.split('\n### ')[0] ?? '';
    const examples = [...section.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text = '']) =>
      text
        .replaceAll('https://charts.acme.dev', `https://localhost:${charts.port}`)
        .replaceAll(/(https:\/\/|ssh:\/\/git@)git\.acme\.dev\/shop\/deploy\.git/g, url())
        .replaceAll('profileName: production', 'profileName: shop'),
    );
    expect(examples).toHaveLength(3);
    const chart = packChart('podinfo', '6.7.1', { 'templates/a.yaml': configMap('podinfo', 'guide') });
    charts.files.set('/podinfo-6.7.1.tgz', chart);
    charts.files.set(
      '/index.yaml',
      `apiVersion: v1\nentries:\n  podinfo:\n  - apiVersion: v2\n    name: podinfo\n    version: 6.7.1\n    digest: ${sha256(chart)}\n    urls: [podinfo-6.7.1.tgz]\n`,
    );
    addCommit(repository, {
      tag: 'v1.4.2',
      files: {
        'manifests/a.yaml': configMap('settings', 'guide'),
        'overlays/production/kustomization.yaml': 'resources: [a.yaml]\n',
        'overlays/production/a.yaml': configMap('shop', 'guide'),
      },
    });
    for (const example of examples) expect(await apply(example)).toMatch(/^application\/\S+ created$/m);
  }, 120_000);
});
