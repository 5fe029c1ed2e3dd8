import { createHash } from 'node:crypto';
import { silentLogger } from '#kernel';
import { systemClock } from '#runtime/system';
import type { CheckInput } from './render-jobs.worker.ts';
import { ManifestRenderer, parseInTurns } from './renderer.worker.ts';

const renderer = new ManifestRenderer(systemClock, silentLogger);
afterAll(() => renderer.onModuleDestroy());

const configMap = (name: string, text = '') => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\n${text}`;
const render = (manifests: string) =>
  renderer.render({ source: { type: 'yaml', manifests, labels: {} }, fingerprintKey: 'key' });
const checkInput = (objects: string, more: Partial<CheckInput> = {}): CheckInput => ({
  objects,
  scopes: [{ apiVersion: 'v1', kind: 'ConfigMap', namespaced: true }],
  task: {
    applicationId: 'app-1',
    targetNamespace: 'acme-web',
    namespaceMode: 'override',
    cluster: {
      clusterId: 'cluster-1',
      organizationId: 'org-1',
      name: 'dev',
      server: 'https://127.0.0.1:1',
      certificateAuthority: null,
      tlsServerName: null,
      credential: 'credential/cluster-1',
      policy: { namespaces: ['*'], clusterScoped: 'deny', podSecurity: 'baseline' },
      type: 'registered',
    },
  },
  attempt: 'attempt-1',
  labels: { tier: 'web' },
  ...more,
});

/** Returns whether work needs turns of the event loop. Work on this thread settles in microtasks. */
async function turns(work: Promise<unknown>): Promise<boolean> {
  let isSettled = false;
  const settle = () => (isSettled = true);
  work.then(settle, settle);
  for (let promises = 0; promises < 1_000; promises++) await Promise.resolve();
  const needsTurns = !isSettled;
  await work.catch(() => {});
  return needsTurns;
}

describe('manifests of a rollout', () => {
  it('become the objects that are applied, one text each, and the bytes that are recorded', async () => {
    const rendered = await render(`${configMap('a', 'data: { on: "1" }')}\n---\n${configMap('b')}`);
    expect(rendered.kinds).toEqual([{ apiVersion: 'v1', kind: 'ConfigMap' }]);
    expect(rendered.warnings).toHaveLength(1);
    const checked = await renderer.check(checkInput(JSON.stringify(JSON.parse(rendered.objects))));
    const objects = await parseInTurns(checked.objects);
    expect(objects.map(({ metadata }) => metadata)).toMatchObject([
      { name: 'a', namespace: 'acme-web', labels: { tier: 'web' } },
      { name: 'b', namespace: 'acme-web', labels: { tier: 'web' } },
    ]);
    const kept = Buffer.from(checked.bytes).toString();
    expect(JSON.parse(kept)).toEqual(objects);
    expect(checked.digest).toBe(createHash('sha256').update(kept).digest('hex'));
    expect(await renderer.recall(kept)).toEqual(objects);
  });

  it('use the scope of a kind from a CRD among them', async () => {
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.acme.dev' },
      spec: {
        group: 'acme.dev',
        scope: 'Namespaced',
        names: { kind: 'Thing', plural: 'things' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    };
    const thing = { apiVersion: 'acme.dev/v1', kind: 'Thing', metadata: { name: 'one' } };
    const { task } = checkInput('[]');
    const cluster = { ...task.cluster, policy: { ...task.cluster.policy, clusterScoped: 'allow' as const } };
    const checked = await renderer.check(
      checkInput(JSON.stringify([crd, thing]), {
        scopes: [{ apiVersion: crd.apiVersion, kind: crd.kind, namespaced: false }],
        task: { ...task, cluster },
      }),
    );
    expect(checked.objects.map((text) => JSON.parse(text).metadata.namespace)).toEqual([undefined, 'acme-web']);
    await expect(renderer.check(checkInput(JSON.stringify([thing])))).rejects.toMatchObject({
      failure: { code: 'deployments/unknown-kind' },
    });
  });

  it('end the attempt with their errors', async () => {
    await expect(render('a: [')).rejects.toMatchObject({ failure: { code: 'deployments/invalid-manifest' } });
    const { objects } = await render(configMap('a', 'dat: {}'));
    await expect(renderer.check(checkInput(objects))).rejects.toMatchObject({
      failure: { code: 'deployments/unknown-field', message: expect.stringContaining('did you mean data?') },
    });
  });
});

describe('use-S4: large manifests of a rollout', () => {
  const labels = Array.from({ length: 20_000 }, (_, n) => `    label-${n}: v${n}`).join('\n');
  const large = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations:\n${labels}\n`;

  it('are parsed, validated and split outside the event loop, and small ones immediately', async () => {
    expect(await turns(render(configMap('a')))).toBe(false);
    expect(await turns(render(large))).toBe(true);
    const { objects } = await render(large);
    const checking = renderer.check(checkInput(objects));
    expect(await turns(checking)).toBe(true);
    await expect(checking).rejects.toMatchObject({ failure: { message: expect.stringContaining('annotations') } });
    expect(await turns(renderer.recall(objects))).toBe(true);
  });

  it('are rejected when they exceed a limit', async () => {
    for (const [text, words] of [
      ['a: 1\n'.repeat(150_000), 'tokens'],
      [`[${'a,'.repeat(120_000)}]`, 'values'],
    ] as const) {
      const rendering = render(text);
      expect(await turns(rendering)).toBe(true);
      await expect(rendering).rejects.toMatchObject({
        failure: { code: 'deployments/invalid-manifest', message: expect.stringContaining(words) },
      });
    }
  });

  it('are parsed in parts that do not block the event loop', async () => {
    const texts = Array.from({ length: 10 }, (_, n) =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `c${n}` },
        data: { x: 'x'.repeat(70_000) },
      }),
    );
    let turned = 0;
    const count = () => {
      turned++;
      again = setImmediate(count);
    };
    let again = setImmediate(count);
    expect(await parseInTurns(texts)).toHaveLength(10);
    clearImmediate(again);
    expect(turned).toBeGreaterThanOrEqual(9);
  });
});
