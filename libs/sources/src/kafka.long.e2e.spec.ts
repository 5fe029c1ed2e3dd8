import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { z } from 'zod';
import {
  call,
  eventually,
  loginAdmin,
  openShop,
  startPlatform,
  temporaryFolder,
  type Person,
  type Platform,
} from '#testing';
import { addCommit, createRepository, describeWithGit, startGitServer, type GitServer } from './git/git.fixture.ts';
import { startKafkaOperator } from './kafka.fixture.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const example = join(root, 'examples');
/** The Kubernetes to deploy to; by default, the organization's sandbox. */
const kubeconfig = process.env['ASTRO_TEST_KUBECONFIG'];
const cluster = kubeconfig === undefined ? 'sandbox' : 'dev';

const TOPICS = 'kafka/cluster/topics.yaml';
const files: Readonly<Record<string, string>> = Object.fromEntries(
  globSync('kafka/{operator,cluster}/**/*.yaml', { cwd: example }).map((file) => [
    relative('.', file),
    readFileSync(join(example, file), 'utf8'),
  ]),
);
const applications = readFileSync(join(example, 'kafka', 'applications.yaml'), 'utf8');

describeWithGit(
  `Kafka with an operator, from git (on ${kubeconfig === undefined ? 'the sandbox' : 'a real Kubernetes'})`,
  () => {
    const folder = temporaryFolder();
    const repository = join(folder, 'platform.git');
    let git: GitServer;
    let platform: Platform;
    let ada: Person;
    let stopOperator: () => Promise<void>;

    const run = (words: string, input?: string) => ada.machine.run(words, input);
    const kubectl = async (args: readonly string[]) => {
      const done = await ada.machine.kubectl([...args]);
      if (done.code !== 0) throw new Error(done.stderr);
      return done.stdout.trim();
    };
    const partitions = () =>
      kubectl(['get', 'kafkatopic', 'orders', '-n', 'kafka', '-o', 'jsonpath={.spec.partitions}']);
    const field = async (name: string, key: string) => (await run(`app status ${name} --field ${key}`)).trim();
    /** The example, with the repository of this test. */
    const manifests = () =>
      applications
        .replaceAll('https://git.example.com/platform.git', `https://localhost:${git.port}/platform.git`)
        .replaceAll('\nspec:\n', '\nspec:\n  profileName: shop\n');
    const apply = () => run('app apply -f - --wait', manifests());

    beforeAll(async () => {
      createRepository(repository, [{ files }]);
      git = await startGitServer(folder, ['localhost']);
      git.credential = Buffer.from('deploy:token').toString('base64');
      writeFileSync(join(folder, 'ca.pem'), git.authority);
      platform = await startPlatform({ environment: { ASTRO_EGRESS_ALLOW: '127.0.0.0/8,::1/128' } });
      ada = await loginAdmin(platform);
      await openShop(ada, kubeconfig);
      await run(`clusters set-context ${cluster}`);
      await run(
        `credentials set localhost:${git.port} --kind git --user deploy --ca ${join(folder, 'ca.pem')}`,
        'token',
      );
      stopOperator = startKafkaOperator(await connection(), kubectl);
    }, 120_000);
    afterAll(async () => {
      await stopOperator?.();
      await platform?.stop();
      await git?.close();
    });

    /** Returns a kubeconfig of the organization's administrator, as `kube-token` receives it. */
    const connection = async () => {
      const answer = await call(
        platform.url,
        `POST /v1/organizations/${ada.organization.id}/clusters/${cluster}/kubeconfig`,
        { credential: ada.key, body: {} },
      );
      const { server, token, certificateAuthorityData } = z
        .looseObject({ server: z.string(), token: z.string(), certificateAuthorityData: z.string() })
        .parse(answer.body);
      return { server, token, ca: Buffer.from(certificateAuthorityData, 'base64').toString('utf8') };
    };

    it('is deployed after its operator, and healthy when the operator has started the brokers', async () => {
      await apply();
      expect(await field('kafka-operator', 'status')).toBe('RUNNING');
      expect(await field('kafka', 'health')).toBe('Healthy');
      expect(
        await kubectl(['get', 'statefulset', '-n', 'kafka', '-o', 'jsonpath={.items[*].status.readyReplicas}']),
      ).toBe('3');
      expect(await partitions()).toBe('3');
    }, 120_000);

    it('is changed by a commit, and the difference is shown', async () => {
      addCommit(repository, {
        files: { ...files, [TOPICS]: (files[TOPICS] ?? '').replace('partitions: 3', 'partitions: 6') },
      });
      expect(await apply()).toMatch(/application\/kafka configured/);
      expect(await partitions()).toBe('6');
      const { code, stdout } = await ada.machine.astroctl(['app', 'diff', 'kafka', 'v1', 'v2']);
      expect([code, stdout]).toEqual([1, expect.stringMatching(/partitions/)]);
    }, 120_000);

    it('is repaired when somebody edits it', async () => {
      await kubectl([
        'patch',
        'kafkatopic',
        'orders',
        '-n',
        'kafka',
        '--type=merge',
        '-p',
        '{"spec":{"partitions":1}}',
      ]);
      await eventually(async () => expect(await field('kafka', 'sync')).toBe('OutOfSync'), 30_000);
      expect((await ada.machine.astroctl(['app', 'diff', 'kafka', '--live'])).stdout).toMatch(/partitions/);
      await run('app sync kafka');
      await run('app wait kafka');
      await eventually(async () => expect(await field('kafka', 'sync')).toBe('Synced'), 30_000);
      expect(await partitions()).toBe('6');
    }, 120_000);

    it('is rolled back, and then deleted with the brokers of its operator', async () => {
      await run('app rollback kafka --to v1 -y');
      await run('app wait kafka');
      expect([await partitions(), await field('kafka', 'sync')]).toEqual(['3', 'Pinned']);
      for (const name of ['kafka', 'kafka-operator']) {
        await run(`app delete ${name} -y`);
        await run(`app wait ${name} --for deleted`);
      }
      await eventually(
        async () => expect(await kubectl(['get', 'statefulsets', '-A', '-o', 'name'])).not.toMatch('kafka'),
        30_000,
      );
    }, 120_000);
  },
);
