import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { call, eventually, loginAdmin, startApp, startPlatform, temporaryFolder, type AppProcess } from '#testing';
import { logOf } from '#testing/log';
import { z } from 'zod';

/** A worker that runs in its own process and data folder, with only the bus and the queue. */
const nats = process.env['ASTRO_TEST_NATS_URL'];

if (nats) describe('a worker in its own process, on NATS', () => apart(nats));
else describe.skip('a worker in its own process: ASTRO_TEST_NATS_URL is not set', () => it('was not tested', () => {}));

const claim = z.looseObject({ worker: z.string() });
const readiness = z.looseObject({ contracts: z.array(z.string()), dependencies: z.array(z.unknown()) });

function apart(nats: string): void {
  const folder = temporaryFolder();
  const environment = {
    ASTRO_BUS: nats,
    ASTRO_QUEUE: nats,
    ASTRO_CALLER_KEYS: `k1:${Buffer.alloc(32, 5).toString('base64')}`,
  };
  let platform: Awaited<ReturnType<typeof startPlatform>>;
  let worker: AppProcess;
  let url: string;

  beforeAll(async () => {
    platform = await startPlatform({ environment, worker: false });
    worker = startApp('deploy-worker', { ...environment, ASTRO_DATA_DIR: folder });
    url = await eventually(() => {
      const found = /deploy-worker is ready at (http:\S+)/.exec(worker.output())?.[1];
      if (!found) throw new Error(`the worker is not ready; it said:\n${worker.output()}`);
      return found;
    });
  });
  afterAll(async () => {
    await worker.stop();
    await platform.stop();
  });

  it('rolls out an application whose records are read and stored in parts', async () => {
    const { machine } = await loginAdmin(platform);
    const data = Array.from({ length: 7 }, (_, index) => {
      const text = Buffer.alloc(100_000, `part ${index} of a long text `).toString('latin1');
      return `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: part-${index} }\ndata: { text: "${text}" }`;
    });
    const spec = { name: 'large', source: { type: 'yaml', yaml: { manifests: data.join('\n---\n') } } };
    const applied = await machine.run('app apply -f - --wait', JSON.stringify(spec));
    expect(applied).toContain('application/large created');
    const claimed = (await logOf(platform.dataDir)).filter(({ type }) => type === 'attempt.claimed.v1');
    const [, instance] = /Instance (\S+)/.exec(worker.output()) ?? [];
    expect(claimed.map(({ data }) => claim.parse(data).worker)).toEqual([instance]);
  });

  it('is ready with a bus and without an event log, and lists what it serves', async () => {
    const answer = await call(url, 'GET /readyz');
    expect(answer.status).toBe(200);
    const { contracts, dependencies } = readiness.parse(answer.body);
    expect(contracts.every((subject) => subject.startsWith('deploy-worker.'))).toBe(true);
    expect(dependencies).toEqual([
      { name: 'service', ok: true },
      { name: 'work queue', ok: true, required: false },
      { name: 'bus', ok: true },
    ]);
    expect((await call(url, 'GET /v1/me')).status).toBe(404);
  });

  it('has a lock and a log file in its folder, but no store', async () => {
    const files = () => readdirSync(folder).filter((name) => name !== 'programs'); // helm and kustomize
    expect(files().toSorted()).toEqual(['deploy-worker-1.lock', 'deploy-worker-1.log']);
    expect(readFileSync(join(folder, 'deploy-worker-1.log'), 'utf8')).not.toContain('"level":50');
    expect(await worker.stop()).toBe(0);
    expect(files()).toEqual(['deploy-worker-1.log']);
  });
}
