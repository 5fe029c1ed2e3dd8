import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { eventually, temporaryFolder } from '#testing';
import { openEmbeddedVault } from '#vault/embedded';
import { NAMESPACE } from '../cluster/kinds.ts';
import type { Loss } from '../testing/scripted-deployments.worker.ts';
import {
  CONFIG_MAP,
  DEPLOYMENT,
  dropNamespace,
  freshNamespace,
  imageSpec,
  openWorkshop,
  yamlSpec,
  type Workshop,
} from '../testing/workshop.worker.ts';
import type { ReportedStep } from './claim.worker.ts';

const kubeconfig = process.env['ASTRO_TEST_KUBECONFIG'];
if (kubeconfig) describe('a rollout on a real Kubernetes', () => rollouts(kubeconfig));
else
  describe.skip('a rollout on a real Kubernetes: ASTRO_TEST_KUBECONFIG is not set', () =>
    it('was not tested', () => {}));

const IMAGE = 'images.acme.dev/web';

function rollouts(kubeconfig: string): void {
  const folder = temporaryFolder();
  const namespaces: string[] = [];
  let shop: Workshop;

  beforeAll(async () => {
    const vault = await openEmbeddedVault({
      folder: join(folder, 'vault'),
      clock: systemClock,
      ids: systemIds,
      sealingKeys: [{ id: 'k', key: new Uint8Array(32).fill(7) }],
      log: silentLogger,
    });
    shop = await openWorkshop(kubeconfig, vault, { rolloutMs: 20_000, deletionMs: 15_000 });
  });
  afterAll(async () => {
    await Promise.all(namespaces.map((name) => dropNamespace(shop.client, name)));
    shop.close();
    await shop.vault.close();
  });

  const namespace = (word: string): string => {
    const name = freshNamespace(word);
    namespaces.push(name);
    return name;
  };
  const outcomeOf = (attemptId: string) => shop.deployments.attempt(attemptId).outcome;
  const stepsOf = (attemptId: string): ReportedStep['step'][] =>
    shop.deployments.attempt(attemptId).steps.map(({ step }) => step);
  const rollOut = async (...args: Parameters<Workshop['request']>) => {
    const task = await shop.request(...args);
    await shop.deliver(task);
    return { task, outcome: outcomeOf(task.attemptId) };
  };

  it('deploys an image application, records all steps, and reports its endpoint', async () => {
    const ns = namespace('up');
    const { task, outcome } = await rollOut(imageSpec(ns, 1, `${IMAGE}:1.0`));
    expect(outcome).toMatchObject({ outcome: 'succeeded', replicas: '2/2', message: expect.stringContaining('2/2') });
    const steps = stepsOf(task.attemptId).filter((step) => step !== 'progressing');
    expect(steps.slice(0, 3)).toEqual(['fetched', 'rendered', 'planned']);
    expect(steps.at(-2)).toBe('healthy');
    expect(steps.at(-1)).toBe('pruned');
    const live = await shop.client.get(DEPLOYMENT, 'web', ns);
    expect(live?.metadata.uid).toBeDefined();
    expect((await shop.client.get(NAMESPACE, ns))?.metadata.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'baseline',
    });
  });

  it('writes nothing when the same revision is deployed again', async () => {
    const ns = namespace('again');
    await rollOut(imageSpec(ns, 1, `${IMAGE}:1.0`));
    const generation = (await shop.client.get(DEPLOYMENT, 'web', ns))?.metadata.generation;
    const before = objectsWritten(ns).length;
    const { outcome } = await rollOut(imageSpec(ns, 1, `${IMAGE}:1.0`));
    expect(outcome).toMatchObject({ outcome: 'succeeded' });
    expect(objectsWritten(ns).slice(before)).toEqual([]);
    expect((await shop.client.get(DEPLOYMENT, 'web', ns))?.metadata.generation).toBe(generation);
  });

  it('deletes what a new revision does not contain', async () => {
    const ns = namespace('prune');
    await rollOut(yamlSpec(ns, 1, configMaps('a', 'b')));
    const { outcome } = await rollOut(yamlSpec(ns, 2, configMaps('a')));
    expect(outcome).toMatchObject({
      outcome: 'succeeded',
      inventory: [expect.objectContaining({ name: 'a', uid: expect.any(String) })],
    });
    expect(await shop.client.get(CONFIG_MAP, 'b', ns)).toBeUndefined();
  });

  it('K8.6-27: a plan that deletes most objects is refused before the first write, unless it was confirmed', async () => {
    const ns = namespace('most');
    await rollOut(yamlSpec(ns, 1, configMaps('a', 'b', 'c')));
    const { task, outcome } = await rollOut(yamlSpec(ns, 2, configMaps('a', 'new')));
    expect(outcome).toMatchObject({
      outcome: 'failed',
      code: 'deployments/removes-most',
      message: '2 of 3 objects would be deleted: ConfigMap/b, ConfigMap/c',
      fix: 'to delete them: astroctl app sync web -y',
      applied: false,
    });
    expect(stepsOf(task.attemptId)).not.toContain('planned');
    expect(await shop.client.get(CONFIG_MAP, 'new', ns)).toBeUndefined();
    const confirmed = await rollOut(yamlSpec(ns, 2, configMaps('a', 'new')), { allowRemovals: true });
    expect(confirmed.outcome).toMatchObject({ outcome: 'succeeded' });
    expect(await shop.client.get(CONFIG_MAP, 'b', ns)).toBeUndefined();
  });

  describe('when it fails', () => {
    it.each([
      ['missing-1', 'deployments/image-not-found'],
      ['crash-1', 'deployments/crash-loop'],
      ['root-1', 'deployments/runs-as-root'],
    ])('K8.6-32, K8.6-33: with %s ends as %s, and the previous version still serves', async (tag, code) => {
      const ns = namespace('fail');
      await rollOut(imageSpec(ns, 3, `${IMAGE}:1.0`));
      const { outcome } = await rollOut(imageSpec(ns, 4, `${IMAGE}:${tag}`));
      expect(outcome).toMatchObject({
        outcome: 'failed',
        code,
        applied: true,
        serving: 'v3 still serves, 2/2 ready',
        fix: expect.any(String),
      });
      const { outcome: next } = await rollOut(imageSpec(ns, 5, `${IMAGE}:1.1`));
      expect(next).toMatchObject({ outcome: 'succeeded' });
    });

    it('use-D6: reports the problem and how long it waits; with --fail-fast, it fails immediately', async () => {
      const ns = namespace('fast');
      const task = await shop.request(imageSpec(ns, 1, `${IMAGE}:missing-1`));
      await shop.deliver(task);
      const told = shop.deployments
        .attempt(task.attemptId)
        .steps.flatMap((step) => (step.step === 'progressing' ? [step.message] : []));
      expect(told).toContainEqual(expect.stringMatching(/cannot pull .*; waiting for up to 60 s$/));
      const patient = await openWorkshop(kubeconfig, shop.vault, { toleranceScale: 1 });
      const fast = await patient.request(imageSpec(namespace('fast'), 1, `${IMAGE}:missing-2`), { failFast: true });
      await patient.deliver(fast);
      expect(patient.deployments.attempt(fast.attemptId).outcome).toMatchObject({
        outcome: 'failed',
        code: 'deployments/image-not-found',
      });
      patient.close();
    });

    it('reports how to fix an image that runs as root', async () => {
      const ns = namespace('root');
      const { outcome } = await rollOut(imageSpec(ns, 1, `${IMAGE}:root`));
      expect(outcome).toMatchObject({
        code: 'deployments/runs-as-root',
        message: 'images.acme.dev/web runs as root; add runAsUser: 1000',
      });
    });

    it('ends as rollout-timeout if it never becomes ready', async () => {
      const hurried = await openWorkshop(kubeconfig, shop.vault, { rolloutMs: 3_000 });
      const ns = namespace('slow');
      const task = await hurried.request(imageSpec(ns, 1, `${IMAGE}:unready`));
      await hurried.deliver(task);
      expect(hurried.deployments.attempt(task.attemptId).outcome).toMatchObject({
        outcome: 'failed',
        code: 'deployments/rollout-timeout',
        applied: true,
      });
      hurried.close();
    });

    it('ends as unschedulable if it requests more than any node has', async () => {
      const ns = namespace('big');
      const { outcome } = await rollOut(
        imageSpec(ns, 1, `${IMAGE}:1.0`, {
          resources: { requests: { cpu: '900', memory: '1Gi' }, limits: { memory: '1Gi' } },
        }),
      );
      expect(outcome).toMatchObject({ outcome: 'failed', code: 'deployments/unschedulable' });
    });

    it('writes nothing if a guard rail rejects it', async () => {
      const ns = namespace('rails');
      const { outcome } = await rollOut(
        yamlSpec(
          ns,
          1,
          'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x}\nrules: []\n',
        ),
      );
      expect(outcome).toMatchObject({
        outcome: 'failed',
        code: 'deployments/cluster-scoped-not-allowed',
        applied: false,
      });
      expect(shop.writes(ns)).toEqual([]);
    });

    it('names an unknown field and the nearest valid one', async () => {
      const ns = namespace('field');
      const { outcome } = await rollOut(
        yamlSpec(ns, 1, 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndatta: {a: b}\n'),
      );
      expect(outcome).toMatchObject({
        outcome: 'failed',
        code: 'deployments/unknown-field',
        message: expect.stringMatching(/datta.*did you mean data\?/),
        applied: false,
      });
    });
  });

  it('E7, K8.6-6: rejects an object of another application and never overwrites it', async () => {
    const ns = namespace('e7');
    await rollOut(yamlSpec(ns, 1, configMaps('mine')));
    const { outcome } = await rollOut(yamlSpec(ns, 1, configMaps('mine')), {
      applicationId: 'app-other',
      inventory: [],
    });
    expect(outcome).toMatchObject({ outcome: 'failed', code: 'deployments/owned-by-other', applied: false });
  });

  it('E13: waits for an unavailable cluster and reports it, until a newer revision is requested', async () => {
    const ns = namespace('e13');
    const task = await shop.request(yamlSpec(ns, 1, configMaps('a')), {
      cluster: { ...shop.cluster, clusterId: 'cluster-away', server: 'https://127.0.0.1:1' },
    });
    const running = shop.deliver(task);
    await eventually(
      () =>
        expect(shop.deployments.attempt(task.attemptId).steps.find(({ step }) => step === 'progressing')).toMatchObject(
          {
            message: expect.stringMatching(/cannot be reached.*trying again/),
          },
        ),
      25_000,
    );
    shop.deployments.attempt(task.attemptId).superseded = true; // a newer revision ends the wait
    await running;
    expect(outcomeOf(task.attemptId)).toEqual({ outcome: 'superseded' });
  });

  it('E13, K8.6-12: continues when the cluster is available again', async () => {
    const ns = namespace('back');
    const away = createServer();
    const port = await listen(away);
    await new Promise((resolve) => away.close(resolve));
    const task = await shop.request(yamlSpec(ns, 1, configMaps('a')), {
      cluster: { ...shop.cluster, clusterId: 'cluster-back', server: `https://127.0.0.1:${port}` },
    });
    const running = shop.deliver(task);
    await eventually(() => expect(stepsOf(task.attemptId)).toContain('progressing'));
    const target = new URL(shop.cluster.server);
    const back = createServer(
      (socket) =>
        void socket
          .pipe(connect(Number(target.port), target.hostname))
          .on('error', () => socket.destroy())
          .pipe(socket)
          .on('error', () => {}),
    );
    await listen(back, port);
    await running;
    expect(outcomeOf(task.attemptId)).toMatchObject({ outcome: 'succeeded' });
    shop.connections.drop('cluster-back');
    back.close();
  });

  it('K8.6-39: writes nothing if the address leads to another cluster than the registered one', async () => {
    const ns = namespace('other');
    const other = await rollOut(imageSpec(ns, 1, `${IMAGE}:1.0`), { cluster: { ...shop.cluster, uid: 'of-another' } });
    expect(other.outcome).toMatchObject({ outcome: 'failed', code: 'deployments/other-cluster', applied: false });
    expect(shop.writes(ns)).toEqual([]);
    const uid = (await shop.client.get(NAMESPACE, 'kube-system'))?.metadata.uid ?? '';
    const same = await rollOut(imageSpec(ns, 1, `${IMAGE}:1.0`), { cluster: { ...shop.cluster, uid } });
    expect(same.outcome).toMatchObject({ outcome: 'succeeded' });
  });

  it('E22: reverts a field that somebody edited, and names the manager of a field it never owned', async () => {
    const ns = namespace('e22');
    await rollOut(yamlSpec(ns, 1, configMaps('a')));
    const edit = (data: Record<string, string>) =>
      shop.client.patch(
        CONFIG_MAP,
        { name: 'a', namespace: ns },
        { kind: 'merge', body: { data } },
        { fieldManager: 'kubectl-edit' },
      );
    await edit({ key: 'edited' });
    const { task, outcome } = await rollOut(yamlSpec(ns, 2, configMaps('a')));
    expect(outcome).toMatchObject({ outcome: 'succeeded' });
    const planned = shop.deployments
      .attempt(task.attemptId)
      .steps.flatMap((step) => (step.step === 'planned' ? step.plan.changes : []));
    expect(planned).toContainEqual(
      expect.objectContaining({ object: 'ConfigMap/a', action: 'update', takesBackFrom: 'kubectl-edit' }),
    );
    expect((await shop.client.get(CONFIG_MAP, 'a', ns))?.['data']).toEqual({ key: 'value' });

    await edit({ theirs: 'x' });
    const manifests = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {key: value, theirs: ours}\n';
    const refused = await rollOut(yamlSpec(ns, 3, manifests));
    expect(refused.outcome).toMatchObject({
      outcome: 'failed',
      code: 'deployments/conflict',
      applied: false,
      message: expect.stringMatching(/theirs.*kubectl-edit|kubectl-edit.*theirs/),
    });
  });

  it('E24: fails while its namespace is being deleted, and creates it again afterwards', async () => {
    const ns = namespace('e24');
    await rollOut(yamlSpec(ns, 1, configMaps('a')));
    await shop.client.patch(
      CONFIG_MAP,
      { name: 'a', namespace: ns },
      { kind: 'merge', body: { metadata: { finalizers: ['acme.dev/hold'] } } },
      { fieldManager: 'test' },
    );
    await dropNamespace(shop.client, ns);
    const { outcome } = await rollOut(yamlSpec(ns, 2, configMaps('a')));
    expect(outcome).toMatchObject({ outcome: 'failed', code: 'deployments/namespace-terminating' });
    await shop.client.patch(
      CONFIG_MAP,
      { name: 'a', namespace: ns },
      { kind: 'merge', body: { metadata: { finalizers: null } } },
      { fieldManager: 'test' },
    );
    await eventually(async () => expect(await shop.client.get(NAMESPACE, ns)).toBeUndefined());
    const { outcome: anew } = await rollOut(yamlSpec(ns, 2, configMaps('a')));
    expect(anew).toMatchObject({ outcome: 'succeeded' });
  });

  describe('E12, K8.6-1, K8.6-2, K8.6-3, K8.6-4: a worker that is killed at a reported step', () => {
    const manifests = `${configMaps('a', 'b')}---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {selector: {app: s}, ports: [{port: 80}]}\n`;
    const points = ['planned', 'applied', 'applied', 'healthy', 'pruned'] as const;
    const losses: Loss[] = points.flatMap((step, index) =>
      (['before', 'after'] as const).map((when) => ({
        step,
        nth: points.slice(0, index).filter((other) => other === step).length,
        when,
      })),
    );

    it.each(losses)('writes the same and ends once: $step $nth, report lost $when it was recorded', async (loss) => {
      const undisturbed = namespace('e12u');
      const disturbed = namespace('e12d');
      for (const ns of [undisturbed, disturbed]) await rollOut(yamlSpec(ns, 1, `${configMaps('old')}`));
      await rollOut(yamlSpec(undisturbed, 2, manifests));

      shop.deployments.loss = loss;
      const first = await shop.request(yamlSpec(disturbed, 2, manifests));
      expect(await shop.deliver(first)).toBe('retried');
      // The last step is reported with the end.
      const hasEnded = loss.step === 'pruned' && loss.when === 'after';
      expect(outcomeOf(first.attemptId)?.outcome).toBe(hasEnded ? 'succeeded' : undefined);
      const second = await rollOut(yamlSpec(disturbed, 2, manifests));
      expect(second.outcome).toMatchObject({ outcome: 'succeeded' });
      // Objects of a wave are written concurrently, in any order.
      expect(objectsWritten(disturbed).map(withoutName(disturbed)).sort()).toEqual(
        objectsWritten(undisturbed).map(withoutName(undisturbed)).sort(),
      );
      if (first.recordedPlan === null && second.task.recordedPlan !== null)
        expect(stepsOf(second.task.attemptId)).not.toContain('rendered');
    });
  });

  it('E19: writes nothing after the worker was frozen while a newer revision finished', async () => {
    const ns = namespace('e19');
    const old = await shop.request(yamlSpec(ns, 1, configMaps('a')));
    const thaw = shop.deployments.holdAt({ attemptId: old.attemptId, step: 'planned' });
    const frozen = shop.deliver(old);
    await thaw.reached;
    const newer = await rollOut(yamlSpec(ns, 2, configMaps('a', 'b')));
    expect(newer.outcome).toMatchObject({ outcome: 'succeeded' });
    const before = objectsWritten(ns).length;
    thaw.release();
    expect(await frozen).toBe('retried');
    expect(objectsWritten(ns).slice(before)).toEqual([]);
    expect(outcomeOf(old.attemptId)).toBeUndefined();
  });

  it('K8.6-36: ends immediately when a newer revision is requested while it only waits for health', async () => {
    const ns = namespace('newer');
    const old = await shop.request(imageSpec(ns, 1, `${IMAGE}:unready`));
    const running = shop.deliver(old);
    await eventually(() => expect(stepsOf(old.attemptId)).toContain('progressing'));
    const { outcome } = await rollOut(imageSpec(ns, 2, `${IMAGE}:1.0`));
    await running;
    expect(outcomeOf(old.attemptId)).toEqual({ outcome: 'superseded' });
    expect(outcome).toMatchObject({ outcome: 'succeeded' });
  });

  it('is continued from the recorded plan after its worker was stopped', async () => {
    const ns = namespace('stop');
    const first = await shop.request(imageSpec(ns, 1, `${IMAGE}:1.0`, { replicas: 1 }));
    const stopped = shop.newWorker();
    const thaw = shop.deployments.holdAt({ attemptId: first.attemptId, step: 'applied' });
    const running = shop.deliver(first, stopped);
    await thaw.reached;
    const stopping = stopped.stop();
    thaw.release();
    expect(await running).toBe('retried');
    await stopping;
    expect(outcomeOf(first.attemptId)).toBeUndefined();
    const { task, outcome } = await rollOut(imageSpec(ns, 1, `${IMAGE}:1.0`, { replicas: 1 }));
    expect(task.recordedPlan).not.toBeNull();
    expect(outcome).toMatchObject({ outcome: 'succeeded', replicas: '1/1' });
  });

  it('fails as applied if an attempt before it, whose plan it continues, has written the objects', async () => {
    const ns = namespace('again');
    const spec = imageSpec(ns, 1, `${IMAGE}:crash`, { replicas: 1 });
    const first = await shop.request(spec);
    const stopped = shop.newWorker();
    const thaw = shop.deployments.holdAt({ attemptId: first.attemptId, step: 'progressing' });
    const running = shop.deliver(first, stopped);
    await thaw.reached;
    const stopping = stopped.stop();
    thaw.release();
    expect(await running).toBe('retried');
    await stopping;
    const { task, outcome } = await rollOut(spec);
    expect(task.recordedPlan).not.toBeNull();
    expect(outcome).toMatchObject({ outcome: 'failed', applied: true });
  });

  describe('a deletion', () => {
    it('deletes objects and namespace of the platform, and is idempotent', async () => {
      const ns = namespace('del');
      await rollOut(imageSpec(ns, 1, `${IMAGE}:1.0`));
      const { outcome } = await rollOut(imageSpec(ns, 1, ''), { kind: 'delete', resolved: null });
      expect(outcome).toMatchObject({ outcome: 'succeeded', inventory: [] });
      await eventually(async () => expect(await shop.client.get(NAMESPACE, ns)).toBeUndefined());
      const { outcome: again } = await rollOut(imageSpec(ns, 1, ''), { kind: 'delete', resolved: null });
      expect(again).toMatchObject({ outcome: 'succeeded' });
    });

    it('keeps a namespace that contains objects of others', async () => {
      const ns = namespace('shared');
      await rollOut(yamlSpec(ns, 1, configMaps('a')));
      await shop.client.create(
        CONFIG_MAP,
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'theirs', namespace: ns } },
        { fieldManager: 'test' },
      );
      const { outcome } = await rollOut(yamlSpec(ns, 1, ''), { kind: 'delete', resolved: null });
      expect(outcome).toMatchObject({ outcome: 'succeeded' });
      expect((await shop.client.get(NAMESPACE, ns))?.metadata.deletionTimestamp).toBeUndefined();
      expect(await shop.client.get(CONFIG_MAP, 'a', ns)).toBeUndefined();
    });

    it('use-D4, K8.6-24: keeps a definition and a namespace that contain objects of others, and names them', async () => {
      const ns = namespace('crd');
      const group = `${ns}.acme.dev`;
      const set = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.${group}}
spec:
  group: ${group}
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
---
apiVersion: v1
kind: Namespace
metadata: {name: ${ns}-own}
---
${configMaps('a')}`;
      const allowed = {
        cluster: { ...shop.cluster, policy: { ...shop.cluster.policy, clusterScoped: 'allow' as const } },
      };
      const first = await rollOut(yamlSpec(ns, 1, set), allowed);
      expect(first.outcome).toMatchObject({ ...first.outcome, outcome: 'succeeded' });
      await shop.client.create(
        { group, version: 'v1', kind: 'Widget', resource: 'widgets', namespaced: true, verbs: [] },
        { apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name: 'theirs', namespace: 'default' } },
        { fieldManager: 'test' },
      );
      await shop.client.create(
        CONFIG_MAP,
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'theirs', namespace: `${ns}-own` } },
        { fieldManager: 'test' },
      );
      const { outcome } = await rollOut(yamlSpec(ns, 1, ''), { ...allowed, kind: 'delete', resolved: null });
      expect(outcome).toMatchObject({ ...outcome, outcome: 'succeeded' });
      expect(outcome).toMatchObject({
        message: `1 objects deleted; CustomResourceDefinition widgets.${group} is kept because it contains Widget theirs in default; Namespace ${ns}-own is kept because it contains ConfigMap theirs`,
        kept: [
          { object: `CustomResourceDefinition widgets.${group}`, contains: 'Widget theirs in default' },
          { object: `Namespace ${ns}-own`, contains: 'ConfigMap theirs' },
        ],
      });
      const definition = {
        group: 'apiextensions.k8s.io',
        version: 'v1',
        kind: 'CustomResourceDefinition',
        namespaced: false,
      };
      await shop.client.delete(
        { ...definition, resource: 'customresourcedefinitions', verbs: [] },
        { name: `widgets.${group}` },
      );
      await dropNamespace(shop.client, `${ns}-own`);
    });

    it('E11: names the finalizer that blocks an object, and ends within its timeout', async () => {
      const hurried = await openWorkshop(kubeconfig, shop.vault, { deletionMs: 2_500 });
      const ns = namespace('e11');
      const first = await hurried.request(yamlSpec(ns, 1, configMaps('a')));
      await hurried.deliver(first);
      await hurried.client.patch(
        CONFIG_MAP,
        { name: 'a', namespace: ns },
        { kind: 'merge', body: { metadata: { finalizers: ['acme.dev/hold'] } } },
        { fieldManager: 'test' },
      );
      const task = await hurried.request(yamlSpec(ns, 1, ''), { kind: 'delete', resolved: null });
      await hurried.deliver(task);
      const { steps, outcome } = hurried.deployments.attempt(task.attemptId);
      expect(steps).toContainEqual(
        expect.objectContaining({ step: 'progressing', message: expect.stringContaining('acme.dev/hold') }),
      );
      expect(outcome).toMatchObject({
        outcome: 'failed',
        code: 'deployments/deletion-blocked',
        message: expect.stringContaining('acme.dev/hold'),
      });
      await hurried.client.patch(
        CONFIG_MAP,
        { name: 'a', namespace: ns },
        { kind: 'merge', body: { metadata: { finalizers: null } } },
        { fieldManager: 'test' },
      );
      hurried.close();
    });

    it('with orphan keeps the objects, which another application may then use', async () => {
      const ns = namespace('orphan');
      await rollOut(yamlSpec(ns, 1, configMaps('a')));
      const { outcome } = await rollOut(yamlSpec(ns, 1, ''), { kind: 'delete', resolved: null, orphan: true });
      expect(outcome).toMatchObject({ outcome: 'succeeded' });
      expect((await shop.client.get(CONFIG_MAP, 'a', ns))?.['data']).toEqual({ key: 'value' });
    });
  });

  /** Writes of the application's objects. Writes of the fence are excluded, since they differ with each attempt. */
  function objectsWritten(ns: string) {
    return shop
      .writes(ns)
      .filter(({ object, code }) => code < 400 && !object.startsWith('namespaces/') && !FENCE.test(object));
  }
}

async function listen(server: Server, port = 0): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no address');
  return address.port;
}

const FENCE = /inventory/;
const withoutName =
  (ns: string) =>
  ({ verb, object, code }: { verb: string; object: string; code: number }) =>
    `${verb} ${object.replaceAll(ns, 'NS')} ${code}`;

function configMaps(...names: string[]): string {
  return names
    .map((name) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {key: value}\n`)
    .join('---\n');
}
