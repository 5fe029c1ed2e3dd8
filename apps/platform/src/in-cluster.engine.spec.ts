import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  eventually,
  loginAdmin,
  runProgram,
  startPlatform,
  temporaryFolder,
  type Person,
  type Platform,
} from '#testing';
import { logOf } from '#testing/log';
import { readKubeconfig } from '#kubernetes';

/**
 * Runs the platform as in a pod of a real Kubernetes cluster: the address of the API server is in the environment, and the
 * token and the certificate authority are in files. The token is replaced while the platform runs.
 */
const kubeconfig = process.env['ASTRO_TEST_KUBECONFIG'];

if (kubeconfig) describe('a platform that runs in a cluster', () => inCluster(kubeconfig));
else
  describe.skip('a platform that runs in a cluster: ASTRO_TEST_KUBECONFIG is not set', () =>
    it('was not tested', () => {}));

function inCluster(path: string): void {
  const root = temporaryFolder();
  const files = join(root, 'var', 'run', 'secrets', 'kubernetes.io', 'serviceaccount');
  const suffix = randomUUID().slice(0, 8);
  const namespace = `platform-${suffix}`;
  const tokens: string[] = [];
  let platform: Platform;
  let ada: Person;

  const kubectl = async (args: readonly string[], object?: unknown): Promise<string> => {
    const done = await runProgram(join('node_modules', '.bin', 'kubectl'), args, {
      environment: { KUBECONFIG: path },
      ...(object !== undefined && { input: JSON.stringify(object) }),
    });
    if (done.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${done.stderr}`);
    return done.stdout.trim();
  };
  /** Replaces the token file atomically, as the kubelet does. The token is revoked when the Secret is deleted. */
  const giveToken = async (secret: string): Promise<void> => {
    await kubectl(['create', 'secret', 'generic', secret, '--namespace', namespace]);
    const bound = ['--bound-object-kind', 'Secret', '--bound-object-name', secret];
    const token = await kubectl(['create', 'token', 'astro', '--namespace', namespace, ...bound]);
    tokens.push(token);
    writeFileSync(join(files, 'token.new'), `${token}\n`);
    renameSync(join(files, 'token.new'), join(files, 'token'));
  };

  beforeAll(async () => {
    const read = readKubeconfig(readFileSync(path, 'utf8'));
    if (!read.ok) throw new Error(read.error.detail);
    const { hostname, port } = new URL(read.value.server);
    await kubectl(['create', 'namespace', namespace]);
    await kubectl(['create', 'serviceaccount', 'astro', '--namespace', namespace]);
    const account = `${namespace}:astro`;
    await kubectl([
      'create',
      'clusterrolebinding',
      namespace,
      '--clusterrole=cluster-admin',
      `--serviceaccount=${account}`,
    ]);
    mkdirSync(files, { recursive: true });
    writeFileSync(join(files, 'ca.crt'), read.value.ca ?? '');
    writeFileSync(join(files, 'namespace'), namespace);
    await giveToken('first');
    platform = await startPlatform({
      entry: 'testing/in-cluster.ts',
      environment: {
        KUBERNETES_SERVICE_HOST: hostname,
        KUBERNETES_SERVICE_PORT: port,
        ASTRO_TEST_SERVICE_ACCOUNT_ROOT: root,
      },
    });
    ada = await loginAdmin(platform);
  });
  afterAll(async () => {
    await platform.stop();
    await kubectl(['delete', 'clusterrolebinding', namespace]);
    await kubectl(['delete', 'namespace', namespace, `acme-${suffix}`, '--wait=false', '--ignore-not-found']);
  });

  it('is registered by a global admin with one command, without a credential', async () => {
    const done = await ada.machine.astroctl(['clusters', 'register', '--cluster-name', 'home', '--in-cluster']);
    expect([done.code, done.stdout, done.stderr]).toEqual([
      0,
      expect.stringContaining('cluster/home created'),
      expect.stringContaining('home is READY, Kubernetes v1.'),
    ]);
    expect(await ada.machine.run('clusters get home')).toMatch(/^server: +https:\/\/kubernetes\.default\.svc$/m);
    const again = await ada.machine.astroctl(['clusters', 'register', '--cluster-name', 'home', '--in-cluster']);
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('cluster/home unchanged')]);
  });

  const deploy = async (tag: string) => {
    const manifest = {
      name: 'web',
      profileName: 'home',
      namespace: `acme-${suffix}`,
      source: { type: 'image', image: { repository: 'shop/web', tag } },
    };
    const applied = await ada.machine.astroctl(['app', 'apply', '-f', '-', '--wait'], {
      input: JSON.stringify(manifest),
    });
    expect([applied.code, applied.stderr]).toEqual([0, expect.stringContaining('RUNNING')]);
  };

  it('deploys to this cluster', async () => {
    await ada.machine.run('app profile apply -f -', 'profileName: home\nclusterName: home\n');
    await deploy('1.0.0');
    const image = ['get', 'deployment', 'web', '--namespace', `acme-${suffix}`, '-o', 'jsonpath={..image}'];
    expect(await kubectl(image)).toContain('shop/web:1.0.0');
  });

  it('uses the new token after the first one was replaced and revoked', async () => {
    await giveToken('second');
    await kubectl(['delete', 'secret', 'first', '--namespace', namespace]);
    const whoami = ['auth', 'whoami', `--token=${tokens[0]}`];
    await eventually(async () => expect(await kubectl(whoami).catch(() => 'refused')).toBe('refused'));
    await deploy('1.1.0');
    expect(await ada.machine.run('clusters get home')).toMatch(/^state: +READY$/m);
  });

  it('records no token and no certificate authority', async () => {
    const log = JSON.stringify(await logOf(platform.dataDir));
    const said = readFileSync(join(platform.dataDir, 'platform.log'), 'utf8');
    for (const secret of [...tokens, 'BEGIN CERTIFICATE']) {
      expect(log).not.toContain(secret);
      expect(said).not.toContain(secret);
    }
  });
}
