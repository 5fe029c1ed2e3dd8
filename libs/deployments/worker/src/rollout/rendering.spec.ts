import type { PinnedSource, RolloutTask } from '#deployments/contract';
import { domainError, err, ok, silentLogger, type Clock } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import type { RenderedSource } from '#sources';
import type { Sources } from '../sources/sources.worker.ts';
import { ManifestRenderer } from './renderer.worker.ts';
import { renderOnce } from './rendering.worker.ts';
import type { Run } from './run.worker.ts';

const configMap = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\n`;
const source: PinnedSource = {
  type: 'git',
  block: 'repository',
  from: { type: 'git', url: 'https://git.acme.dev/a.git', path: '', accepts: 'any', releaseName: 'web' },
  pin: { type: 'git', commit: '9f2c41d0a1b2c3d4e5f60718293a4b5c6d7e8f90' },
  labels: {},
};

describe('the rendering of a source', () => {
  const renderer = new ManifestRenderer(systemClock, silentLogger);
  afterAll(() => renderer.onModuleDestroy());

  /** @param answers of the library, one per call */
  function given(...answers: Awaited<ReturnType<Sources['render']>>[]) {
    const vault = new Map<string, Uint8Array>();
    const reports: object[] = [];
    const calls: unknown[][] = [];
    const records = {
      get: (name: string) => Promise.resolve(vault.has(name) ? { value: vault.get(name) } : undefined),
      put: (name: string, value: Uint8Array, { expected }: { expected?: string } = {}) => {
        if (expected === 'absent' && vault.has(name))
          return Promise.resolve(err(domainError('vault/conflict', 'conflict', '')));
        vault.set(name, value);
        return Promise.resolve(ok(undefined));
      },
    };
    const sources = {
      render: (...call: unknown[]) => {
        calls.push(call.slice(0, 2));
        const answer = answers.shift();
        if (!answer) throw new Error('the source was fetched once more');
        return Promise.resolve(answer);
      },
    };
    // Waits end immediately.
    const clock: Clock = { ...systemClock, timer: (_ms, run) => systemClock.timer(0, run) };
    const client = {
      version: () => Promise.resolve('v1.36.3'),
      discovery: () => Promise.resolve({ types: [{ group: 'apps', version: 'v1', kind: 'Deployment' }] }),
    };
    const task = {
      rendering: 'rendered/o/a/source-1',
      sourceAccess: { credentials: [] },
      targetNamespace: 'acme-web',
    };
    const run = {
      task: task as unknown as RolloutTask,
      ports: { records, sources, renderer, clock, ids: systemIds },
      ended: new AbortController().signal,
      idly: <T>(wait: () => Promise<T>) => wait(),
      call: <T>(step: (of: object) => Promise<T>) => step(client),
      claim: { report: (step: object) => Promise.resolve(void reports.push(step)) },
      throwIfSuperseded: () => {},
      throwIfStopping: () => {},
    } as unknown as Run; // all members that `renderOnce` uses
    return { run, reports, calls, vault };
  }
  const files = (...names: string[]): RenderedSource => ({
    detected: 'manifests',
    files: names.map((name) => ({ name: `${name}.yaml`, text: configMap(name) })),
    warnings: ['from the source'],
  });

  it('is fetched by the first attempt only, for the version and kinds of the cluster', async () => {
    const { run, calls } = given(ok(files('a', 'b')));
    const first = await renderOnce(run, source);
    expect(calls).toMatchObject([
      [source, { namespace: 'acme-web', kubernetesVersion: '1.36.3', apiVersions: ['apps/v1', 'apps/v1/Deployment'] }],
    ]);
    expect(JSON.parse(first.objects)).toMatchObject([{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }]);
    expect(first.warnings).toEqual(['from the source']);
    expect(await renderOnce(run, source)).toEqual(first);
    expect(calls).toHaveLength(1);
  });

  it('of an earlier release has no warning that hooks run with the other objects', async () => {
    const { run, vault } = given(ok(files('a')));
    await renderOnce(run, source);
    const outdated = 'hooks that run with the other workloads, not before or after them: Job migrate (pre-install)';
    for (const [name, value] of vault) {
      const record = JSON.parse(Buffer.from(value).toString()) as { readonly warnings: readonly string[] };
      vault.set(name, Buffer.from(JSON.stringify({ ...record, warnings: [outdated, ...record.warnings] })));
    }
    expect((await renderOnce(run, source)).warnings).toEqual(['from the source']);
  });

  it('K8.6-29: is that of the attempt that stored it first', async () => {
    const winner = given(ok(files('first')));
    const expected = await renderOnce(winner.run, source);
    const { run, vault } = given(ok(files('second')));
    const { ports } = run;
    const get = ports.records.get.bind(ports.records);
    let asked = 0;
    ports.records.get = async (name) => {
      if (asked++ > 0) return get(name);
      for (const [stored, value] of winner.vault) vault.set(stored, value); // after the lookup of this attempt
      return undefined;
    };
    expect(await renderOnce(run, source)).toEqual(expected);
  });

  it('names the file, the document, and the line of an error', async () => {
    const text = `${configMap('a')}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {}\n`;
    const { run, vault } = given(
      ok({ detected: 'manifests', files: [{ name: 'deploy/web.yaml', text }], warnings: [] }),
    );
    await expect(renderOnce(run, source)).rejects.toMatchObject({
      failure: {
        code: 'deployments/invalid-manifest',
        message: expect.stringContaining('deploy/web.yaml document 2 line 5:1: metadata.name is missing'),
      },
    });
    expect(vault.size).toBe(0);
  });

  it('refuses an object that two files define, and names both', async () => {
    const twice = ['a.yaml', 'b.yaml'].map((name) => ({ name, text: configMap('same') }));
    const { run } = given(ok({ detected: 'manifests', files: twice, warnings: [] }));
    await expect(renderOnce(run, source)).rejects.toMatchObject({
      failure: {
        message: expect.stringContaining('b.yaml line 1:1: ConfigMap same is defined twice; first in a.yaml line 1'),
      },
    });
  });

  it('waits for a host that does not respond, and reports it once', async () => {
    const silent = err(domainError('sources/unreachable', 'unavailable', 'git.acme.dev does not respond.'));
    const { run, reports, calls } = given(silent, silent, ok(files('a')));
    await renderOnce(run, source);
    expect(calls).toHaveLength(3);
    expect(reports).toEqual([
      { step: 'progressing', message: 'git.acme.dev does not respond', problem: 'git.acme.dev does not respond' },
    ]);
  });

  it('ends the attempt with the error of the source', async () => {
    const { run } = given(
      err(domainError('sources/commit-not-found', 'not-found', 'Commit 9f2c41 not found.', { fix: 'apply again' })),
    );
    await expect(renderOnce(run, source)).rejects.toMatchObject({
      failure: { code: 'sources/commit-not-found', message: 'Commit 9f2c41 not found', fix: 'apply again' },
    });
  });

  it('is not tried again without the program that it needs', async () => {
    const missing = domainError('sources/program-missing', 'unavailable', 'helm is not installed.');
    const { run, calls } = given(err(missing));
    await expect(renderOnce(run, source)).rejects.toMatchObject({ failure: { code: 'sources/program-missing' } });
    expect(calls).toHaveLength(1);
  });
});
