import { jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT_CODES } from '#cli';
import {
  eventually,
  mongoEnvironment,
  startAgain,
  startPlatform,
  temporaryFolder,
  type Finished,
  type Machine,
  type Platform,
  type PlatformOptions,
} from '#testing';
import { startEventStoreProcess, type EventStoreProcess } from '#testing/eventstore';

/**
 * The main path of the product, with the real `astroctl` and `kubectl`: in one process on the sandbox, or, if the
 * variables name servers, on a real Kubernetes with each service in its own process. EventStoreDB is the server of
 * ASTRO_TEST_EVENTSTORE_URL, or the stand-in that responds to the real client.
 */
const kubeconfig = process.env['ASTRO_TEST_KUBECONFIG'];
const nats = process.env['ASTRO_TEST_NATS_URL'];
const mongo = process.env['ASTRO_TEST_MONGO_URL'];
const eventStore = process.env['ASTRO_TEST_EVENTSTORE_URL'];
const cluster = kubeconfig ? 'dev' : 'sandbox';

jest.setTimeout(180_000);

const logFolder = temporaryFolder();
let log: EventStoreProcess | undefined;
afterAll(() => log?.kill());

if (nats && mongo)
  tour(
    `each service in its own process, with its own keys and NATS user, on MongoDB and ${eventStore ? 'EventStoreDB' : 'a stand-in for EventStoreDB'}`,
    async () => ({
      environment: { ...mongoEnvironment(mongo), ASTRO_EVENT_STORE: eventStore ?? (await startLog()) },
      apart: true,
    }),
  );
else {
  tour('everything in one process', async () => ({}));
  skipped(`each service in its own process: ASTRO_TEST_${nats ? 'MONGO' : 'NATS'}_URL is not set`);
}

function skipped(reason: string): void {
  describe.skip(`the tour, ${reason}`, () => it('was not tested', () => {}));
}

async function startLog(): Promise<string> {
  log = await startEventStoreProcess(logFolder);
  return log.url;
}

function manifest(tag: string, replicas = 2): string {
  return `apiVersion: platform.astropulse.io/v1
kind: Application
metadata: { name: hello-world }
spec:
  source:
    type: image
    image: { registry: sandbox.invalid, repository: app, tag: ${tag}, port: 8080, replicas: ${replicas}, env: [{ name: GREETING, value: canary-env-value }] }
`;
}

function tour(name: string, optionsOf: () => Promise<PlatformOptions>): void {
  describe(`the tour on ${kubeconfig ? 'a real Kubernetes' : 'the sandbox'}, ${name}`, () => {
    let platform: Platform;
    let ada: Machine;
    let namespace: string;

    const run = async (args: string, input?: string): Promise<Finished> =>
      ada.astroctl(args.split(' '), input === undefined ? {} : { input });
    const succeed = async (args: string, input?: string): Promise<string> => {
      const done = await run(args, input);
      if (done.code !== 0) throw new Error(`astroctl ${args} ended with ${done.code}:\n${done.stdout}${done.stderr}`);
      return done.stdout;
    };
    const field = async (key: string): Promise<string> =>
      (await succeed(`app status hello-world --field ${key}`)).trim();

    beforeAll(async () => {
      const options = await optionsOf();
      const environment = { ...options.environment, ...(kubeconfig && { ASTRO_EGRESS_ALLOW: '127.0.0.0/8' }) };
      platform = await startPlatform({ ...options, environment });
      ada = platform.person('ada');
    });
    afterAll(() => platform.stop());

    it('logs in with the device pages, creates the default organization and stores a key for this user', async () => {
      // Nine processes that have just started may return 503 on a busy machine, so this is retried.
      const login = await eventually(async () => {
        const done = await ada.login(platform.adminEmail, platform.adminPassword);
        if (done.code === EXIT_CODES.unavailable) throw new Error(done.stderr);
        return done;
      }, 90_000);
      expect(login).toMatchObject({ code: 0, stdout: '' });
      expect(login.stderr).toMatch(platform.options.apart ? /Logged in to \S+ as owner/ : /Created your organization/);
      const config = join(ada.home, '.config', 'astropulse', 'config.yaml');
      expect(statSync(config).mode & 0o777).toBe(0o600);
      expect(await succeed('whoami')).toMatch(
        /^userId: {10}\S+\nemail: {11}admin@astro\.localhost\nglobalRole: {6}admin\n/,
      );
      expect(await succeed('org list')).toMatch(/^ID +NAME +ROLE +PLAN +CURRENT\n\S+ +\S+ +owner +developer +\*\n$/);
    });

    it('has a cluster', async () => {
      if (kubeconfig) {
        expect(await succeed(`clusters register --cluster-name dev --kubeconfig ${kubeconfig}`)).toBe(
          'cluster/dev created\n',
        );
        await succeed(`clusters register --cluster-name dev --kubeconfig ${kubeconfig}`); // a repetition
      }
      expect(await succeed('clusters list')).toContain(`${cluster} `);
      await eventually(async () => expect(await succeed(`clusters get ${cluster}`)).toMatch(/^state: +READY$/m));
    });

    it('applies a profile', async () => {
      const profile = `apiVersion: platform.astropulse.io/v1\nkind: ApplicationProfile\nmetadata: { name: tour }\nspec: { clusterName: ${cluster}, availabilityTier: basic }\n`;
      expect(await succeed('app profile apply -f -', profile)).toBe('profile/tour created\n');
      expect(await succeed('app profile apply -f -', profile)).toBe('profile/tour unchanged\n');
      expect(await succeed('app profile get')).toContain('tour');
    });

    it('deploys the application and reports it', async () => {
      const applied = await run(
        'app apply -f - --wait',
        manifest('1.0.0').replace('spec:\n', 'spec:\n  profileName: tour\n'),
      );
      expect(applied).toMatchObject({ code: 0, stdout: 'application/hello-world created\n' });
      expect(applied.stderr).toMatch(/hello-world v1: RUNNING after \d+ s/);
      // On a busy machine, the observer of the cluster may still report what it saw before the end of the rollout.
      await eventually(async () =>
        expect(await succeed('app get')).toMatch(
          /^NAME +STATUS +VERSION +PROFILE +CLUSTER +SOURCE +AGE\nhello-world +RUNNING +v1 +tour /,
        ),
      );
      const status = await succeed('app status hello-world');
      expect(status.trimEnd().split('\n')).toHaveLength(17);
      expect(status.match(/.*provider.*/g)).toHaveLength(1);
      expect(JSON.parse(await succeed('app status hello-world -o json'))).toMatchObject({
        name: 'hello-world',
        status: 'RUNNING',
        health: 'Healthy',
        version: 'v1',
        replicas: '2/2',
      });
      expect(await succeed('app get hello-world')).toMatch(/^tier: +basic$/m);
      namespace = await field('targetNamespace');
    });

    it('changes nothing when the same manifest is applied again', async () => {
      expect(
        await succeed('app apply -f -', manifest('1.0.0').replace('spec:\n', 'spec:\n  profileName: tour\n')),
      ).toBe('application/hello-world unchanged\n');
    });

    it('shows events of the platform and of Kubernetes, and logs', async () => {
      const events = await succeed('app events hello-world');
      const steps = events
        .split('\n')
        .slice(1)
        .map((line) => line.split(/ +/)[1]);
      for (const step of ['requested', 'claimed', 'rendered', 'planned', 'applied', 'healthy', 'succeeded'])
        expect(steps).toContain(step);
      await eventually(async () =>
        expect(await succeed('app events hello-world -k')).toMatch(/^LAST +TYPE +REASON +OBJECT +COUNT +MESSAGE\n.+/),
      );
      await succeed('app logs hello-world --tail 5');
    });

    it('says in one sentence that the cluster does not measure what its pods use', async () => {
      expect(await run('app top hello-world')).toMatchObject({
        code: EXIT_CODES.unavailable,
        stdout: '',
        stderr: expect.stringMatching(`^Error: Cluster ${cluster} does not measure CPU and memory.*\\.\n`),
      });
    });

    it('adds a context without secrets for kubectl', async () => {
      await succeed(`clusters set-context ${cluster}`);
      const pods = await ada.kubectl(['get', 'pods', '-n', namespace, '-o', 'name']);
      expect(pods).toMatchObject({ code: 0 });
      expect(pods.stdout.trim().split('\n')).toHaveLength(2);
      await succeed(`clusters delete-context ${cluster}`);
      await succeed(`clusters set-context ${cluster}`);
    });

    it('deploys a new tag without downtime', async () => {
      const watching = await watchAvailable(ada, namespace);
      const applied = await run(
        'app apply -f - --wait',
        manifest('1.1.0').replace('spec:\n', 'spec:\n  profileName: tour\n'),
      );
      expect(applied).toMatchObject({ code: 0, stdout: 'application/hello-world configured\n' });
      expect(applied.stderr).toContain('1.0.0 -> 1.1.0');
      expect(await field('version')).toBe('v2');
      const seen = await watching.stop();
      expect(seen.length).toBeGreaterThan(0);
      expect(Math.min(...seen)).toBeGreaterThanOrEqual(2);
    });

    it('reports why a tag cannot run, while the old revision serves', async () => {
      const applied = await run(
        'app apply -f - --wait --fail-fast',
        manifest('missing').replace('spec:\n', 'spec:\n  profileName: tour\n'),
      );
      expect(applied).toMatchObject({ code: 3, stdout: 'application/hello-world configured\n' });
      expect(applied.stderr).toMatch(
        /Error: hello-world v3 is DEGRADED: .*cannot pull .*sandbox\.invalid\/app:missing.*v2 still serves, 2\/2 ready/,
      );
      expect(applied.stderr).not.toMatch(/\d tries/); // it did not wait for the image
      expect(applied.stderr).toMatch(/^Fix: .*astroctl app rollback hello-world --to v2$/m);
      expect(applied.stderr).toMatch(/^Ref: {3}deployments\/image-not-found/m);
    });

    it('is not blocked by the failure: the next apply succeeds', async () => {
      await succeed('app apply -f - --wait', manifest('1.2.0').replace('spec:\n', 'spec:\n  profileName: tour\n'));
      expect(await field('version')).toBe('v4');
    });

    it('rolls back to the first revision and keeps the history', async () => {
      const without = await run('app rollback hello-world --to v1');
      expect(without).toMatchObject({ code: 2, stdout: '' });
      await succeed('app rollback hello-world --to v1 -y');
      await succeed('app wait hello-world');
      expect(await field('sourceRef')).toContain('app:1.0.0');
      expect(await field('sync')).toBe('Pinned');
      const history = await succeed('app history hello-world');
      expect(
        history
          .split('\n')
          .filter((line) => /^v\d/.test(line))
          .map((line) => line.split(/ +/).slice(0, 2)),
      ).toEqual([
        ['v1', 'SUCCEEDED'],
        ['v2', 'SUCCEEDED'],
        ['v3', 'FAILED'],
        ['v4', 'SUCCEEDED'],
        ['v5', 'SUCCEEDED'],
      ]);
    });

    it('detects that the Deployment was deleted, and restores it', async () => {
      const deployment = (await ada.kubectl(['get', 'deploy', '-n', namespace, '-o', 'name'])).stdout.trim();
      expect(await ada.kubectl(['delete', '-n', namespace, deployment])).toMatchObject({ code: 0 });
      await eventually(async () =>
        expect(JSON.parse(await succeed('app status hello-world -o json'))).toMatchObject({
          status: 'DEGRADED',
          message: expect.stringMatching(/deployment.*missing/i),
        }),
      );
      await succeed('app apply -f - --wait', manifest('1.3.0').replace('spec:\n', 'spec:\n  profileName: tour\n'));
    });

    it('brings a secret to the cluster, and its next value as a new revision', async () => {
      const withSecret = manifest('1.3.0')
        .replace('spec:\n', 'spec:\n  profileName: tour\n')
        .replace('value: canary-env-value', 'secret: GREETING');
      const onCluster = async () =>
        Buffer.from(
          (await ada.kubectl(`get secret -n ${namespace} hello-world -o jsonpath={.data.GREETING}`.split(' '))).stdout,
          'base64',
        ).toString();
      await succeed('app secrets set hello-world GREETING', 'canary-secret-one');
      await succeed('app apply -f - --wait', withSecret);
      expect(await onCluster()).toBe('canary-secret-one');
      await succeed('app secrets set hello-world GREETING --wait', 'canary-secret-two');
      expect(await onCluster()).toBe('canary-secret-two');
      expect(await succeed('app secrets list hello-world')).toMatch(/^GREETING +v2 /m);
    });

    it('deletes the application and its objects, and keeps its history', async () => {
      expect(await run('app delete hello-world -y')).toMatchObject({
        code: 0,
        stdout: 'application/hello-world deleted\n',
      });
      await eventually(async () =>
        expect((await ada.kubectl(['get', 'deploy,svc', '-n', namespace, '-o', 'name'])).stdout).toBe(''),
      );
      expect(await run('app status hello-world')).toMatchObject({ code: 6 });
      expect(await succeed('app history hello-world')).toContain('v6');
    });

    it('has the same data after a restart', async () => {
      // Starts a new process on the same folder, after the first one was stopped normally.
      await platform.process.stop();
      platform = await startAgain(platform);
      expect(await succeed('app history hello-world')).toContain('v6');
      expect(await succeed('whoami')).toContain('admin@astro.localhost');
    });
  });
}

/**
 * Watches the available replicas of the namespace's Deployments with `kubectl get -w`. Resolves with the first line.
 */
async function watchAvailable(person: Machine, namespace: string): Promise<{ stop(): Promise<readonly number[]> }> {
  const kubectl = join(import.meta.dirname, '../../../node_modules/.bin/kubectl');
  const child = spawn(
    kubectl,
    ['get', 'deploy', '-n', namespace, '-w', '-o', 'jsonpath={.status.availableReplicas}{"\\n"}'],
    {
      env: { ...process.env, ...person.environment },
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true, // launchers like npx run the program in a child process
    },
  );
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (printed += part));
  const ended = new Promise((resolve) => child.on('close', resolve));
  await eventually(() => expect(printed).not.toBe(''));
  return {
    async stop() {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
      await ended;
      return printed.trim().split('\n').filter(Boolean).map(Number);
    },
  };
}
