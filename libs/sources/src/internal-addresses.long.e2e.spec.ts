import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { egressRefused, isAllowed, parseEgressPolicy } from '#egress';
import type { DomainError, Result } from '#kernel';
import { runProgram, temporaryFolder } from '#testing';
import { createTestAuthority, packChart, startFileServer, startRegistry, type FileServer } from '#testing/charts';
import { createRepository, describeWithGit, GIT, gitSource, startGitServer, TARGET } from './git/git.fixture.ts';
import type { GitServer } from './git/git.fixture.ts';
import { pinGit } from './git/pin-git.ts';
import { renderGit } from './git/render-git.ts';
import { chartOf, PROGRAMS, sourceContext } from './helm/helm.fixture.ts';
import { fetchDependencies } from './helm/fetch-dependencies.ts';
import { pinHelm } from './helm/pin-helm.ts';
import { renderHelm } from './helm/render-helm.ts';
import type { HelmSource, SourceContext } from './source.ts';

/** Forms of the address of a server on this machine, as a URL can contain it. Names are those of {@link addressesOf}. */
const HOSTS = [
  '127.0.0.1',
  '127.1',
  '2130706433',
  '0x7f000001',
  '0x7f.0.0.1',
  '0177.0.0.1',
  '①②⑦.⓪.⓪.①',
  '127.0.0.1.',
  '0.0.0.0',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[64:ff9b::7f00:1]',
  '169.254.169.254',
  '[fd00:ec2::254]',
  'localhost',
  'LOCALHOST.',
  'internal.test',
  'both.test',
] as const;

/** Forms for what is refused whatever its address is, and takes long to try. */
const FEW: readonly string[] = ['127.0.0.1', '[::ffff:7f00:1]', 'internal.test'];

/** A name of a server that is allowed, whose address is another one when it is asked again. */
const REBINDING = 'rebinding.test';

/** A header contains ASCII only. */
const ascii = (text: string): string => text.replace(/[^ -~]/gu, encodeURIComponent);

const HEADER = 'apiVersion: v2\nname: web\nversion: 1.0.0\n';

describeWithGit('D3: a server of the internal network, to which a source leads', () => {
  const folder = temporaryFolder();
  const home = temporaryFolder();
  /** What is contacted at the internal address. It accepts connections, and never responds. */
  const contacted: string[] = [];
  let internal: Server;
  let charts: FileServer;
  let registry: Awaited<ReturnType<typeof startRegistry>>;
  let git: GitServer;
  let commit: string;
  let asked: Map<string, number>;

  beforeAll(async () => {
    internal = createServer((socket) => {
      contacted.push('connection');
      socket.destroy();
    });
    await new Promise<void>((resolve) => internal.listen(0, '127.0.0.1', resolve));
    const certificate = await createTestAuthority('charts.test', 'git.test');
    charts = await startFileServer({ tls: certificate });
    registry = await startRegistry({ tls: certificate });
    git = await startGitServer(folder);
    [commit = ''] = createRepository(join(folder, 'app.git'), [{ files: { 'a.yaml': 'a: 1\n' } }]);
    authorities = { git: git.authority, registry: certificate.authority };
  });
  beforeEach(() => {
    contacted.length = 0;
    asked = new Map();
    git.answer = undefined;
    charts.files.clear();
  });
  afterAll(async () => {
    internal.close();
    await charts.close();
    await registry.close();
    await git.close();
  });

  let authorities = { git: '', registry: '' };
  const port = () => (internal.address() as AddressInfo).port; // the address of a TCP server
  const addressesOf = async (host: string): Promise<readonly string[]> => {
    const times = (asked.get(host) ?? 0) + 1;
    asked.set(host, times);
    if (host === 'internal.test') return ['127.0.0.1'];
    if (host === 'both.test') return ['127.0.0.9', '127.0.0.1'];
    if (host === REBINDING) return [times === 1 ? '127.0.0.9' : '127.0.0.1']; // nothing listens at the first
    if (host.endsWith('.test')) return ['127.0.0.1'];
    return /^localhost\.?$/i.test(host) ? ['127.0.0.1'] : [host];
  };
  /** A worker that may contact the servers of this test, and 127.0.0.9 at the port of the internal server. */
  const context = (): SourceContext => {
    const allowed = [charts.port, registry.port, git.port].map((each) => `127.0.0.1:${each}`);
    const policy = parseEgressPolicy([...allowed, `127.0.0.9:${port()}`].join(' '));
    if (!policy.ok) throw new Error(policy.error.detail);
    return sourceContext(folder, {
      programs: { ...PROGRAMS, git: GIT },
      egress: {
        refusal: (target) => (isAllowed(policy.value, target) ? undefined : egressRefused(target, policy.value)),
      },
      resolve: addressesOf,
      settingsOf: async (_, kind) => ({ certificateAuthority: authorities[kind] }),
    });
  };
  const chartSource = (more: Partial<HelmSource> = {}): HelmSource => ({
    type: 'helm',
    repository: `https://charts.test:${charts.port}`,
    chart: 'web',
    releaseName: 'web',
    ...more,
  });
  const fromRegistry = () => chartSource({ repository: `oci://charts.test:${registry.port}/charts` });
  const archive = packChart('web', '1.0.0');
  const indexWith = (url: string) =>
    charts.files.set('/index.yaml', JSON.stringify({ entries: { web: [{ version: '1.0.0', urls: [url] }] } }));
  const redirect = (server: FileServer, path: string, location: string) =>
    server.files.set(path, (_, response) => void response.writeHead(302, { location: ascii(location) }).end());
  /** Has the registry require a token of a server. */
  const challenge = (path: string, realm: string) =>
    registry.files.set(path, (_, response) => {
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${ascii(realm)}",service="x",scope="x"` }).end();
    });
  const dependsOn = (repository: string) => {
    const dependencies = JSON.stringify([{ name: 'db', version: '1.0.0', repository }]);
    return fetchDependencies(chartOf({ 'Chart.yaml': `${HEADER}dependencies: ${dependencies}\n` }).files, context());
  };
  const committed = async (name: string, files: Record<string, string | { submodule: string }>) => {
    const [id = ''] = createRepository(join(folder, name), [{ files }]);
    const source = gitSource(`https://git.test:${git.port}/${name}`);
    return renderGit(source, { type: 'git', commit: id }, TARGET, context());
  };
  let repositories = 0;
  const nextName = () => `r${repositories++}.git`;

  type Fetch = (authority: string) => Promise<Result<unknown, DomainError>>;
  /** How a source leads to an address, and the forms of the address that are tried. */
  const FETCHES: readonly (readonly [string, Fetch, readonly string[]])[] = [
    ['a chart repository', (host) => pinHelm(chartSource({ repository: `https://${host}/charts` }), context()), HOSTS],
    [
      'a redirect of a chart repository',
      (host) => {
        redirect(charts, '/index.yaml', `https://${host}/index.yaml`);
        return pinHelm(chartSource(), context());
      },
      HOSTS,
    ],
    [
      'the URL of a chart in the index',
      (host) => {
        indexWith(`https://${host}/web-1.0.0.tgz`);
        return pinHelm(chartSource(), context());
      },
      HOSTS,
    ],
    [
      'a redirect of the archive of a chart',
      (host) => {
        indexWith('web-1.0.0.tgz');
        redirect(charts, '/web-1.0.0.tgz', `https://${host}/web-1.0.0.tgz`);
        return pinHelm(chartSource(), context());
      },
      HOSTS,
    ],
    ['a registry', (host) => pinHelm(chartSource({ repository: `oci://${host}/charts` }), context()), HOSTS],
    [
      'the token server of a registry',
      (host) => {
        registry.push('charts/web', '1.0.0', archive);
        challenge('/v2/charts/web/tags/list', `https://${host}/token`);
        return pinHelm(fromRegistry(), context());
      },
      HOSTS,
    ],
    [
      'a redirect of the token server of a registry',
      (host) => {
        registry.push('charts/web', '1.0.0', archive);
        challenge('/v2/charts/web/tags/list', `https://charts.test:${charts.port}/token`);
        redirect(charts, '/token', `https://${host}/token`);
        return pinHelm(fromRegistry(), context());
      },
      HOSTS,
    ],
    [
      'a redirect of the manifest in a registry',
      (host) => {
        registry.push('charts/web', '1.0.0', archive);
        redirect(registry, '/v2/charts/web/manifests/1.0.0', `https://${host}/manifest`);
        return pinHelm(fromRegistry(), context());
      },
      HOSTS,
    ],
    [
      'a redirect of a blob in a registry',
      (host) => {
        const digest = registry.push('charts/web', '1.0.0', archive);
        redirect(registry, `/v2/charts/web/blobs/${digest}`, `https://${host}/blob`);
        return renderHelm(fromRegistry(), { type: 'helm', version: '1.0.0', digest }, TARGET, context());
      },
      HOSTS,
    ],
    ['a dependency in a chart repository', (host) => dependsOn(`https://${host}/charts`), HOSTS],
    ['a dependency in a registry', (host) => dependsOn(`oci://${host}/charts`), HOSTS],
    ['a git repository', (host) => pinGit(gitSource(`https://${host}/app.git`), context()), HOSTS],
    [
      'a git repository, for a known commit',
      (host) => renderGit(gitSource(`https://${host}/app.git`), { type: 'git', commit }, TARGET, context()),
      HOSTS,
    ],
    [
      'a redirect of a git repository',
      (host) => {
        git.answer = ({ url }, response) => {
          response.writeHead(302, { location: ascii(`https://${host}${url ?? ''}`) }).end();
          return true;
        };
        return pinGit(gitSource(`https://git.test:${git.port}/app.git`), context());
      },
      FEW,
    ],
    [
      'a base of a kustomization',
      (host) => committed(nextName(), { 'kustomization.yaml': `resources: ['https://${host}/base.yaml']\n` }),
      FEW,
    ],
    [
      'a base of a kustomization in git',
      (host) =>
        committed(nextName(), { 'kustomization.yaml': `resources: ['https://${host}/app.git//base?ref=main']\n` }),
      FEW,
    ],
    [
      'a dependency of a chart in git',
      (host) =>
        committed(nextName(), {
          'Chart.yaml': `${HEADER}dependencies: [{name: db, version: 1.0.0, repository: 'https://${host}/charts'}]\n`,
        }),
      FEW,
    ],
  ];

  it.each(FETCHES)(
    'is not contacted, in any form of its address: %s',
    async (_, fetch, hosts) => {
      const codes: string[] = [];
      for (const host of hosts) {
        const done = await fetch(`${host}:${port()}`);
        codes.push(done.ok ? `${host} was accepted` : done.error.code);
      }
      const expected =
        hosts === FEW
          ? /^sources\/(redirect|render)-refused$|^clusters\/egress-refused$/
          : /^clusters\/egress-refused$/;
      expect(codes.filter((code) => !expected.test(code))).toEqual([]);
      expect(contacted).toEqual([]);
    },
    60_000,
  );

  it.each(FETCHES)('is not contacted by a name that changes its address: %s', async (_, fetch) => {
    const done = await fetch(`${REBINDING}:${port()}`);
    const code = done.ok ? 'accepted' : done.error.code;
    expect(code).toMatch(/^sources\/(unreachable|redirect-refused|render-refused)$/);
    expect(contacted).toEqual([]);
  });

  it('is not contacted for the next page of the tags of a registry, which only the registry itself has', async () => {
    const digest = registry.push('charts/web', '1.0.0', archive);
    registry.files.set('/v2/charts/web/tags/list', ({ url = '' }, response) => {
      const link = `<https://127.0.0.1:${port()}/v2/x/tags/list?last=1>; rel="next"`;
      response.writeHead(200, url.includes('?') ? {} : { link }).end('{"tags":["1.0.0"]}');
    });
    expect(await pinHelm(fromRegistry(), context())).toMatchObject({ value: { version: '1.0.0', digest } });
    expect(contacted).toEqual([]);
  });

  it('is not contacted for submodules, filters, Git LFS, and configuration in a repository', async () => {
    const url = `https://127.0.0.1:${port()}/x`;
    const rendered = await committed(nextName(), {
      'a.yaml': 'a: 1\n',
      '.gitmodules': `[submodule "sub"]\n  path = sub\n  url = ${url}\n`,
      sub: { submodule: '1'.repeat(40) },
      '.gitattributes': '*.yaml filter=lfs diff=lfs merge=lfs\n',
      '.lfsconfig': `[lfs]\n  url = ${url}\n`,
      '.gitconfig': `[url "${url}"]\n  insteadOf = https://git.test\n`,
    });
    expect(rendered).toMatchObject({ ok: true, value: { files: [{ name: 'a.yaml' }] } });
    expect(contacted).toEqual([]);
  });

  it('is not contacted for the configuration of git and helm on the machine of the worker, which is not read', async () => {
    const evil = `http://127.0.0.1:${port()}`;
    const marker = join(home, 'was-run');
    const write = (path: string, text: string) => {
      mkdirSync(dirname(join(home, path)), { recursive: true });
      writeFileSync(join(home, path), text, { mode: 0o755 });
      return join(home, path);
    };
    const program = write('evil', `#!/bin/sh\ntouch ${marker}\n`);
    const gitConfig = `[url "${evil}/"]\n  insteadOf = https://git.test:${git.port}/\n[http]\n  proxy = ${evil}\n[core]\n  fsmonitor = ${program}\n  sshCommand = ${program}\n[credential]\n  helper = ${program}\n`;
    const configFile = write('.gitconfig', gitConfig);
    write('.config/git/config', gitConfig);
    write('.netrc', 'machine git.test login ada password hunter2\n');
    const repositories = write('.config/helm/repositories.yaml', `repositories: [{ name: charts, url: '${evil}' }]\n`);
    write('plugins/evil/plugin.yaml', `name: evil\nversion: 0.1.0\ncommand: ${program}\n`);
    write('.kube/config', `clusters: [{ name: c, cluster: { server: '${evil}' } }]\n`);

    indexWith('web-1.0.0.tgz');
    charts.files.set('/web-1.0.0.tgz', packChart('web', '1.0.0', { 'templates/a.yaml': 'kind: FromDependency\n' }));
    const chart = { name: 'web', version: '1.0.0', repository: `https://charts.test:${charts.port}` };
    createRepository(join(folder, 'machine.git'), [
      {
        files: {
          'chart/Chart.yaml': `apiVersion: v2\nname: outer\nversion: 1.0.0\ndependencies: ${JSON.stringify([chart])}\n`,
          'overlay/kustomization.yaml': 'resources: [a.yaml]\n',
          'overlay/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: kustomized }\n',
        },
      },
    ]);
    const ports = [git.port, charts.port].join(' ');
    const url = `https://git.test:${git.port}/machine.git`;
    const script = join(import.meta.dirname, 'render-sources.fixture.ts');
    const done = await runProgram(
      process.execPath,
      [
        '--import',
        './tools/typescript.mjs',
        script,
        url,
        authorities.git,
        authorities.registry,
        folder,
        ports,
        'chart',
        'overlay',
      ],
      {
        environment: {
          HOME: home,
          XDG_CONFIG_HOME: join(home, '.config'),
          PATH: home,
          GIT_CONFIG_GLOBAL: configFile,
          GIT_CONFIG_COUNT: '1',
          GIT_CONFIG_KEY_0: `url.${evil}/.insteadOf`,
          GIT_CONFIG_VALUE_0: `https://git.test:${git.port}/`,
          GIT_PROXY_COMMAND: program,
          GIT_SSH_COMMAND: program,
          GIT_ASKPASS: program,
          GIT_EXEC_PATH: home,
          HELM_REPOSITORY_CONFIG: repositories,
          HELM_PLUGINS: join(home, 'plugins'),
          KUBECONFIG: join(home, '.kube/config'),
          HTTP_PROXY: evil,
          HTTPS_PROXY: evil,
          ALL_PROXY: evil,
          https_proxy: evil,
          NODE_USE_ENV_PROXY: '1',
        },
      },
    );
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(done.stdout)).toEqual([
      expect.stringContaining('kind: FromDependency'),
      expect.stringContaining('name: kustomized'),
    ]);
    expect(contacted).toEqual([]);
    expect(existsSync(marker)).toBe(false);
    expect(git.requests.every(({ authorization }) => authorization === undefined)).toBe(true);
  }, 60_000);
});
