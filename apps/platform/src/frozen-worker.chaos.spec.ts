import { jest } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoredEvent } from '#event-store';
import {
  auditedWrites,
  call,
  eventually,
  loginAdmin,
  openShop,
  startApp,
  startPlatform,
  type AppProcess,
  type AuditedWrite,
  type Person,
  type Platform,
} from '#testing';
import { followLog, logOf } from '#testing/log';
import { z } from 'zod';

/**
 * Workers in separate processes: one is frozen (SIGSTOP) between two waves, a second one completes a newer revision,
 * then the first resumes. Requires a real Kubernetes, whose audit log shows all writes, and NATS for communication
 * between processes.
 */
const kubeconfig = process.env['ASTRO_TEST_KUBECONFIG'];
const nats = process.env['ASTRO_TEST_NATS_URL'];

jest.setTimeout(300_000);

if (kubeconfig && nats)
  describe('E19: a worker that is frozen between waves, on a real Kubernetes and NATS', () => frozen(kubeconfig, nats));
else
  describe.skip('a worker that is frozen between waves: ASTRO_TEST_KUBECONFIG or ASTRO_TEST_NATS_URL is not set', () =>
    it('was not tested', () => {}));

const WAVES = 4;
const TERMINAL = /^deployment\.(succeeded|failed|superseded|abandoned)\./;
const step = z.looseObject({
  revision: z.number().int().optional(),
  attemptId: z.string().optional(),
  worker: z.string().optional(),
  done: z.number().int().optional(),
});

/** One object in each of four waves. All of them change with each revision. */
const manifests = (revision: number): string =>
  [
    `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: shop, annotations: { shop/revision: "${revision}" } }\nspec: { podSelector: {}, ingress: [{}] }`,
    `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: shop }\ndata: { revision: "${revision}" }`,
    `apiVersion: v1\nkind: Service\nmetadata: { name: shop, annotations: { shop/revision: "${revision}" } }\nspec: { selector: { app: shop }, ports: [{ port: 80 }] }`,
    `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: shop }\nspec:\n  selector: { matchLabels: { app: shop } }\n  template:\n    metadata: { labels: { app: shop } }\n    spec: { containers: [{ name: web, image: "images.acme.dev/shop:1.${revision}" }] }`,
  ].join('\n---\n');

function frozen(kubeconfig: string, nats: string): void {
  const environment = { ASTRO_BUS: nats, ASTRO_QUEUE: nats, ASTRO_EGRESS_ALLOW: '127.0.0.0/8' };
  const workers: AppProcess[] = [];
  let platform: Platform;
  let ada: Person;
  let namespace: string;
  let revision = 0;

  const path = () => `/v1/organizations/${ada.organization.id}/applications/shop`;
  const apply = async (): Promise<void> => {
    revision += 1;
    const body = {
      name: 'shop',
      profileName: 'shop',
      source: { type: 'yaml', yaml: { manifests: manifests(revision) } },
    };
    const response = await call(platform.url, `PUT ${path()}`, { credential: ada.key, body });
    if (response.status >= 300)
      throw new Error(`revision ${revision} was answered ${response.status}: ${response.text}`);
  };
  const events = async (): Promise<readonly StoredEvent[]> =>
    (await logOf(platform.dataDir)).filter(({ type }) => /^(application|deployment|attempt)\./.test(type));
  const ofRevision = async (type: string, wanted: number) =>
    (await events())
      .filter((event) => event.type === type)
      .map(({ data }) => step.parse(data))
      .filter((data) => data.revision === wanted);
  const succeeded = (wanted: number) =>
    eventually(async () => expect(await ofRevision('deployment.succeeded.v1', wanted)).toHaveLength(1), 200_000);
  const kubectl = async (...args: string[]): Promise<string> => {
    const done = await ada.machine.kubectl([...args, '-n', namespace, '--kubeconfig', kubeconfig]);
    if (done.code !== 0) throw new Error(done.stderr);
    return done.stdout;
  };
  const startWorker = async (): Promise<{
    readonly process: AppProcess;
    readonly logFile: string;
    readonly name: string;
  }> => {
    const process = startApp('deploy-worker', { ...environment, ASTRO_DATA_DIR: platform.dataDir });
    workers.push(process);
    const name = await eventually(() => {
      const found = /Instance (\S+)/.exec(process.output())?.[1];
      if (!found) throw new Error(`the worker is not ready; it said:\n${process.output()}`);
      return found;
    });
    return { process, name, logFile: join(platform.dataDir, `${name.split('/').at(-1)}.log`) };
  };
  /** Writes of the platform's account in the namespace since line `from` of the audit log. */
  const writes = (from: number): readonly AuditedWrite[] =>
    auditedWrites(kubeconfig, from).filter(
      ({ user, namespace: where, dryRun }) =>
        !dryRun && where === namespace && user.startsWith('system:serviceaccount:astro'),
    );
  const isDone = ({ code }: AuditedWrite) => code < 300;

  beforeAll(async () => {
    platform = await startPlatform({ environment, worker: false });
    ada = await loginAdmin(platform);
  });
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.kill()));
    await platform.kill();
  });

  it('deploys a first revision with a worker that is a separate process and has no log', async () => {
    const worker = await startWorker();
    const { run } = ada.machine;
    await openShop(ada, kubeconfig);
    await apply();
    await succeeded(1);
    namespace = (await run('app status shop --field targetNamespace')).trim();
    expect(await ofRevision('attempt.claimed.v1', 1)).toMatchObject([{ worker: worker.name }]);
    expect(writes(0).filter(isDone).length).toBeGreaterThanOrEqual(WAVES);
  });

  it.each([1, 3])(
    'writes nothing after it resumes, when it was frozen after wave %i and a newer revision was completed',
    async (wave) => {
      const sleeper = workers.at(-1);
      if (!sleeper) throw new Error('no worker runs');

      // The worker continues while the event is read. If it has already gone further, the attempt is repeated.
      let old = 0;
      for (let tries = 1; ; tries++) {
        const log = await followLog(platform.dataDir);
        const isBehindWave = ({ type, data }: StoredEvent) =>
          type === 'attempt.applied.v1' && step.parse(data).done === wave;
        const freeze = async (): Promise<void> => {
          for (const end = performance.now() + 60_000; !(await log.since()).some(isBehindWave);) {
            if (performance.now() > end) throw new Error(`wave ${wave} was not applied`);
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
          sleeper.signal('SIGSTOP');
        };
        await Promise.all([freeze(), apply()]).finally(() => log.close());
        old = revision;
        await eventually(() => expect(readFileSync(`/proc/${sleeper.pid}/stat`, 'utf8')).toMatch(/\) T /));
        if ((await ofRevision('attempt.applied.v1', old)).length === wave) break;
        sleeper.signal('SIGCONT');
        await succeeded(old);
        if (tries === 8) throw new Error('the worker was never caught between the waves');
      }

      const second = await startWorker();
      await apply();
      await succeeded(revision);
      expect((await ofRevision('attempt.claimed.v1', revision)).at(-1)).toMatchObject({ worker: second.name });
      expect((await ofRevision('attempt.applied.v1', old)).length).toBe(wave);
      expect(await ofRevision('deployment.succeeded.v1', old)).toEqual([]);
      const generation = await kubectl('get', 'deploy', 'shop', '-o', 'jsonpath={.metadata.generation}');

      const from = auditedWrites(kubeconfig).length;
      const logged = join(platform.dataDir, `${nameOf(sleeper)}.log`);
      const before = readFileSync(logged, 'utf8').length;
      sleeper.signal('SIGCONT');
      await eventually(() => {
        const said = readFileSync(logged, 'utf8').slice(before);
        if (!said.includes('taken over by another worker'))
          throw new Error(`the woken worker did not let go; it said:\n${said}${sleeper.output()}`);
      }, 60_000);

      // a write that the fence rejects changes nothing, but is in the audit log
      expect(writes(from).filter(isDone)).toEqual([]);
      expect(
        await kubectl(
          'get',
          'deploy',
          'shop',
          '-o',
          'jsonpath={.metadata.generation} {.spec.template.spec.containers[0].image}',
        ),
      ).toBe(`${generation} images.acme.dev/shop:1.${revision}`);
      expect(await kubectl('get', 'configmap', 'shop', '-o', 'jsonpath={.data.revision}')).toBe(String(revision));
      expect(
        await kubectl('get', 'networkpolicy,service', '-o', 'jsonpath={.items[*].metadata.annotations.shop/revision}'),
      ).toBe(`${revision} ${revision}`);

      await second.process.stop();
      workers.splice(workers.indexOf(second.process), 1);
      await apply();
      await succeeded(revision); // processed by the resumed worker
      expect((await ofRevision('attempt.claimed.v1', revision)).at(-1)?.worker).toMatch(
        new RegExp(`/${nameOf(sleeper)}$`),
      );
    },
  );

  it('records exactly one end for each attempt', async () => {
    const ends = new Map<string, number>();
    for (const { type, data } of await events()) {
      const { attemptId } = step.parse(data);
      if (attemptId === undefined) continue;
      if (type === 'deployment.requested.v1') ends.set(attemptId, 0);
      if (TERMINAL.test(type)) ends.set(attemptId, (ends.get(attemptId) ?? Number.NaN) + 1);
    }
    expect(ends.size).toBeGreaterThanOrEqual(revision);
    expect([...ends.values()].filter((count) => count !== 1)).toEqual([]);
  });
}

/** Returns the name of a process among the workers of its folder. */
const nameOf = (worker: AppProcess): string => /Instance \S+\/(\S+)/.exec(worker.output())?.[1] ?? '';
