import { join } from 'node:path';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { eventually, temporaryFolder } from '#testing';
import { openEmbeddedVault } from '#vault/embedded';
import { JOB, NAMESPACE } from '../cluster/kinds.ts';
import type { Loss } from '../testing/scripted-deployments.worker.ts';
import {
  CONFIG_MAP,
  dropNamespace,
  freshNamespace,
  openWorkshop,
  yamlSpec,
  type Workshop,
} from '../testing/workshop.worker.ts';

const kubeconfig = process.env['ASTRO_TEST_KUBECONFIG'];
if (kubeconfig) describe('hooks on a real Kubernetes', () => hooks(kubeconfig));
else
  describe.skip('hooks on a real Kubernetes: ASTRO_TEST_KUBECONFIG is not set', () => it('was not tested', () => {}));

function hooks(kubeconfig: string): void {
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
  const rollOut = async (...args: Parameters<Workshop['request']>) => {
    const task = await shop.request(...args);
    await shop.deliver(task);
    const { outcome, steps } = shop.deployments.attempt(task.attemptId);
    const waves = steps.flatMap((step) =>
      step.step === 'applied'
        ? [`${step.wave} ${step.objects.map(({ name }) => name).join(' ')} ${step.waves.done}/${step.waves.all}`]
        : [],
    );
    return { task, outcome, steps, waves };
  };
  const job = (name: string, hook: string, more = '', image = 'x/migrate:1') => `apiVersion: batch/v1
kind: Job
metadata:
  name: ${name}
  annotations: {helm.sh/hook: "${hook}"${more}}
spec:
  backoffLimit: 0
  template: {spec: {restartPolicy: Never, containers: [{name: c, image: "${image}"}]}}
`;
  const config = (name: string, value = '1', annotations = '') =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, annotations: {${annotations}}}\ndata: {value: "${value}"}\n`;
  const set = (...documents: readonly string[]) => documents.join('---\n');
  const valueOf = async (name: string, ns: string) => {
    const live = await shop.client.get(CONFIG_MAP, name, ns);
    return live && (live['data'] as Record<string, string>)['value'];
  };
  const jobUid = async (name: string, ns: string) => (await shop.client.get(JOB, name, ns))?.metadata.uid;
  /** Creations of Jobs, in order. */
  const created = (ns: string) =>
    shop
      .writes(ns)
      .filter(({ verb, object, code }) => verb === 'patch' && object.startsWith('jobs/') && code === 201)
      .map(({ object }) => object);

  it('run before and after the other objects, by weight, and only those of the deployment', async () => {
    const ns = namespace('hooks');
    const manifests = (value: string) =>
      set(
        config('app', value),
        job('last', 'pre-install,pre-upgrade', ', helm.sh/hook-weight: "5"'),
        job('seed', 'pre-install'),
        config('seeds', value, 'helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-weight: "-1"'),
        job('notify', 'post-install,post-upgrade', ', helm.sh/hook-delete-policy: hook-succeeded'),
        job('back', 'post-rollback'),
      );
    const first = await rollOut(yamlSpec(ns, 1, manifests('1')), { hooks: 'install' });
    expect(first.outcome).toMatchObject({ outcome: 'succeeded' });
    expect(first.waves).toEqual([
      'pre-deploy seeds 1/5',
      'pre-deploy seed 2/5',
      'pre-deploy last 3/5',
      'configuration app 4/5',
      'post-deploy notify 5/5',
    ]);
    const order = first.steps.map((step) => (step.step === 'applied' ? step.wave : step.step));
    expect(order.indexOf('healthy')).toBeGreaterThan(order.indexOf('configuration'));
    expect(order.indexOf('post-deploy')).toBeGreaterThan(order.indexOf('healthy'));
    await eventually(async () => expect(await jobUid('notify', ns)).toBeUndefined());
    expect(first.outcome).toMatchObject({
      inventory: expect.arrayContaining([
        expect.objectContaining({ name: 'seed', hook: true, uid: expect.any(String) }),
      ]),
    });
    const [seed, last] = [await jobUid('seed', ns), await jobUid('last', ns)];

    const second = await rollOut(yamlSpec(ns, 2, manifests('2')), { hooks: 'upgrade' });
    expect(second.outcome).toMatchObject({ outcome: 'succeeded' });
    expect(second.waves.map((wave) => wave.split(' ').slice(0, 2).join(' '))).toEqual([
      'pre-deploy seeds',
      'pre-deploy last',
      'configuration app',
      'post-deploy notify',
    ]);
    expect(await valueOf('seeds', ns)).toBe('2');
    expect(await jobUid('seed', ns)).toBe(seed);
    expect(await jobUid('last', ns)).not.toBe(last);

    const healed = await rollOut(yamlSpec(ns, 2, manifests('2')), { hooks: 'none' });
    expect(healed.waves).toEqual(['configuration app 1/1']);
    const back = await rollOut(yamlSpec(ns, 3, manifests('1')), { hooks: 'rollback' });
    expect(back.waves).toEqual(['configuration app 1/2', 'post-deploy back 2/2']);

    const gone = await rollOut(yamlSpec(ns, 4, config('app')), { hooks: 'upgrade' });
    expect(gone.outcome).toMatchObject({ outcome: 'succeeded', inventory: [expect.objectContaining({ name: 'app' })] });
    expect(await jobUid('seed', ns)).toBeUndefined();
  });

  it('K8.6-35: end the attempt if one fails, before the objects are changed; the next deployment runs it again', async () => {
    const ns = namespace('failing');
    await rollOut(yamlSpec(ns, 1, config('app', '1')), { hooks: 'install' });
    const migrate = (more = '') =>
      set(job('migrate', 'pre-upgrade', more), job('notify', 'post-upgrade'), config('app', '2'));
    const failing = (more = '') =>
      migrate(more)
        .replace('backoffLimit: 0', 'activeDeadlineSeconds: 1')
        .replace('restartPolicy: Never', 'nodeSelector: {acme.dev/never: ""}, restartPolicy: Never');
    const failed = await rollOut(yamlSpec(ns, 2, failing()), { hooks: 'upgrade' });
    expect(failed.outcome).toMatchObject({
      outcome: 'failed',
      code: 'deployments/hook-failed',
      message: expect.stringMatching(/^pre-deploy hook Job\/migrate failed: .*deadline/),
      fix: 'see why: astroctl app logs web; correct it and apply again',
      applied: false,
      inventory: expect.arrayContaining([expect.objectContaining({ name: 'migrate', hook: true })]),
    });
    expect(await valueOf('app', ns)).toBe('1');
    expect(await jobUid('migrate', ns)).toBeDefined();
    expect(await jobUid('notify', ns)).toBeUndefined();

    const policy = ', helm.sh/hook-delete-policy: hook-failed';
    const again = await rollOut(yamlSpec(ns, 3, failing(policy)), { hooks: 'upgrade' });
    expect(again.outcome).toMatchObject({ outcome: 'failed', code: 'deployments/hook-failed' });
    await eventually(async () => expect(await jobUid('migrate', ns)).toBeUndefined());

    const { outcome } = await rollOut(yamlSpec(ns, 4, migrate()), { hooks: 'upgrade' });
    expect(outcome).toMatchObject({ outcome: 'succeeded' });
    expect(await valueOf('app', ns)).toBe('2');
    const deleted = await rollOut(yamlSpec(ns, 4, ''), { kind: 'delete', resolved: null });
    expect(deleted.outcome).toMatchObject({ outcome: 'succeeded', inventory: [] });
    await eventually(async () => expect(await shop.client.get(NAMESPACE, ns)).toBeUndefined());
  });

  it('that cannot start end the attempt with the reason, and one that hangs at the deadline', async () => {
    const ns = namespace('stuck');
    const missing = await rollOut(yamlSpec(ns, 1, job('migrate', 'pre-install', '', 'x/migrate:missing-1')), {
      hooks: 'install',
    });
    expect(missing.outcome).toMatchObject({ outcome: 'failed', code: 'deployments/image-not-found', applied: false });
    const hurried = await openWorkshop(kubeconfig, shop.vault, { rolloutMs: 1_500 });
    const suspended = job('migrate', 'pre-install').replace('spec:\n', 'spec:\n  suspend: true\n');
    const task = await hurried.request(yamlSpec(namespace('hangs'), 1, suspended), { hooks: 'install' });
    await hurried.deliver(task);
    expect(hurried.deployments.attempt(task.attemptId).outcome).toMatchObject({
      outcome: 'failed',
      code: 'deployments/hook-failed',
      message: 'pre-deploy hook Job/migrate did not complete within 2 s: is suspended',
    });
    hurried.close();
  });

  it('are refused with everything else if the cluster refuses one, or if it belongs to others', async () => {
    const ns = namespace('refused');
    await rollOut(yamlSpec(ns, 1, set(config('app'), job('migrate', 'pre-install'))), { hooks: 'install' });
    const invalid = job('migrate', 'pre-upgrade').replace('backoffLimit: 0', 'backoffLimit: -1');
    const rejected = await rollOut(yamlSpec(ns, 2, set(config('app', '2'), invalid)), { hooks: 'upgrade' });
    expect(rejected.outcome).toMatchObject({ outcome: 'failed', code: 'deployments/invalid-manifest' });
    const other = await rollOut(
      { ...yamlSpec(ns, 1, job('migrate', 'pre-install')), applicationName: 'other' },
      {
        hooks: 'install',
        applicationId: 'another',
      },
    );
    expect(other.outcome).toMatchObject({ outcome: 'failed', code: 'deployments/owned-by-other' });
    expect(await valueOf('app', ns)).toBe('1');
  });

  it('K8.6-23: a definition is established before its objects, from nothing, in an upgrade, and in a deletion', async () => {
    const ns = namespace('crds');
    const group = `${ns}.acme.dev`;
    const widgets = { group, version: 'v1', kind: 'Widget', resource: 'widgets', namespaced: true, verbs: [] };
    const definition = (pattern: string) => `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.${group}}
spec:
  group: ${group}
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: string, pattern: "${pattern}"}}}}}}}]
`;
    const widget = (name: string, size: string, hook = '') =>
      `apiVersion: ${group}/v1\nkind: Widget\nmetadata: {name: ${name}${hook}}\nspec: {size: ${size}}\n`;
    const allowed = {
      cluster: { ...shop.cluster, policy: { ...shop.cluster.policy, clusterScoped: 'allow' as const } },
    };
    const hook = ', annotations: {helm.sh/hook: pre-install}';
    const first = await rollOut(
      yamlSpec(ns, 1, set(widget('a', 'small'), widget('early', 'small', hook), definition('^[a-z]+$'))),
      { ...allowed, hooks: 'install' },
    );
    expect(first.outcome).toMatchObject({ outcome: 'succeeded' });
    expect(first.waves).toEqual([`definitions widgets.${group} 1/3`, 'pre-deploy early 2/3', 'workloads a 3/3']);
    const second = await rollOut(yamlSpec(ns, 2, set(widget('a', 'LARGE'), definition('^[A-Z]+$'))), allowed);
    expect(second.outcome).toMatchObject({ outcome: 'failed', code: 'deployments/invalid-manifest' });
    const third = await rollOut(
      yamlSpec(ns, 3, set(widget('a', 'big'), widget('b', 'big'), definition('^[a-z]+$'))),
      allowed,
    );
    expect(third.outcome).toMatchObject({ outcome: 'succeeded' });
    expect(await shop.client.get(widgets, 'early', ns)).toBeUndefined();
    const deleted = await rollOut(yamlSpec(ns, 3, ''), { ...allowed, kind: 'delete', resolved: null });
    expect(deleted.outcome).toMatchObject({ outcome: 'succeeded', message: '3 objects deleted' });
  });

  describe('E12: a worker that is killed at a reported step', () => {
    const manifests = set(
      config('app', '2'),
      job('one', 'pre-upgrade', ', helm.sh/hook-delete-policy: hook-succeeded'),
      job('two', 'pre-upgrade', ', helm.sh/hook-weight: "1"'),
      job('three', 'post-upgrade'),
    );
    const points = ['applied', 'applied', 'applied', 'healthy', 'applied'] as const;
    const losses: Loss[] = points.flatMap((step, index) =>
      (['before', 'after'] as const).map((when) => ({
        step,
        nth: points.slice(0, index).filter((other) => other === step).length,
        when,
      })),
    );

    it.each(losses)('runs each hook once: $step $nth, report lost $when it was recorded', async (loss) => {
      const ns = namespace('killed');
      await rollOut(yamlSpec(ns, 1, config('app', '1')));
      shop.deployments.loss = loss;
      const first = await shop.request(yamlSpec(ns, 2, manifests));
      expect(await shop.deliver(first)).toBe('retried');
      const { outcome } = await rollOut(yamlSpec(ns, 2, manifests));
      expect(outcome).toMatchObject({ outcome: 'succeeded' });
      await eventually(() => expect(created(ns)).toEqual(['jobs/one', 'jobs/two', 'jobs/three']));
      await eventually(async () => expect(await jobUid('one', ns)).toBeUndefined());
    });

    it('awaits the hook that runs, instead of running it again', async () => {
      const ns = namespace('running');
      const slow = set(job('migrate', 'pre-install').replace('spec:\n', 'spec:\n  suspend: true\n'), config('app'));
      const first = await shop.request(yamlSpec(ns, 1, slow), { hooks: 'install' });
      const stopped = shop.newWorker();
      const running = shop.deliver(first, stopped);
      await eventually(async () => expect(await jobUid('migrate', ns)).toBeDefined());
      const uid = await jobUid('migrate', ns);
      await stopped.stop();
      expect(await running).toBe('retried');
      const second = rollOut(yamlSpec(ns, 1, slow), { hooks: 'install' });
      const resume = { kind: 'merge' as const, body: { spec: { suspend: false } } };
      await shop.client.patch(JOB, { name: 'migrate', namespace: ns }, resume, { fieldManager: 'test' });
      expect((await second).outcome).toMatchObject({ outcome: 'succeeded' });
      expect(await jobUid('migrate', ns)).toBe(uid);
    });
  });

  describe('of a deletion', () => {
    const DEADLINE = [
      ['backoffLimit: 0', 'activeDeadlineSeconds: 1'],
      ['restartPolicy: Never', 'nodeSelector: {acme.dev/never: ""}, restartPolicy: Never'],
    ] as const;
    const failing = (manifest: string) => DEADLINE.reduce((text, [from, to]) => text.replace(from, to), manifest);
    const backup = job('backup', 'pre-delete', ', helm.sh/hook-weight: "-1"');
    const last = job('last', 'pre-delete', ', helm.sh/hook-delete-policy: hook-succeeded');
    const farewell = job('farewell', 'post-delete');
    const deployed = async (ns: string, ...hookManifests: readonly string[]) => {
      const manifests = set(config('app', '1'), job('migrate', 'pre-install'), ...hookManifests);
      const { steps, outcome } = await rollOut(yamlSpec(ns, 1, manifests), { hooks: 'install' });
      expect(outcome).toMatchObject({ outcome: 'succeeded' });
      const plan = steps.flatMap((step) => (step.step === 'planned' ? [step.plan] : []))[0];
      if (!plan) throw new Error('nothing was planned');
      return { rendered: plan.rendered, digest: plan.digest };
    };
    const remove = (ns: string, more: Parameters<Workshop['request']>[1]) =>
      rollOut(yamlSpec(ns, 1, ''), { kind: 'delete', resolved: null, ...more });
    /** Creations of Jobs and deletions of all objects, in order. */
    const history = (ns: string) =>
      shop
        .writes(ns)
        .filter(({ verb, code }) => (verb === 'patch' && code === 201) || (verb === 'delete' && code === 200))
        .filter(({ object }) => /^(?:jobs|configmaps\/app)/.test(object))
        .map(({ verb, object }) => `${verb === 'patch' ? 'create' : verb} ${object}`);

    it('run before and after the objects are deleted, and are deleted last', async () => {
      const ns = namespace('bye');
      const plan = await deployed(ns, backup, last, farewell);
      expect(created(ns)).toEqual(['jobs/migrate']);
      const { outcome, waves } = await remove(ns, { deployed: plan, ownsNamespace: false });
      expect(outcome).toMatchObject({ outcome: 'succeeded', inventory: [] });
      expect(waves).toEqual(['pre-delete backup 1/3', 'pre-delete last 2/3', 'post-delete farewell 3/3']);
      await eventually(() => {
        const seen = history(ns);
        expect(seen.filter((line) => line.startsWith('create jobs/'))).toEqual([
          'create jobs/migrate',
          'create jobs/backup',
          'create jobs/last',
          'create jobs/farewell',
        ]);
        expect(seen.indexOf('delete configmaps/app')).toBeGreaterThan(seen.indexOf('create jobs/last'));
        expect(seen.indexOf('create jobs/farewell')).toBeGreaterThan(seen.indexOf('delete configmaps/app'));
        expect(seen.indexOf('delete jobs/migrate')).toBeGreaterThan(seen.indexOf('create jobs/farewell'));
      });
      for (const name of ['migrate', 'backup', 'last', 'farewell'])
        await eventually(async () => expect(await jobUid(name, ns)).toBeUndefined());
    });

    it('K8.6-35: keep the application if one fails, which runs again with the next attempt, or not at all', async () => {
      const ns = namespace('refuses');
      const plan = await deployed(ns, last, failing(farewell), backup);
      const first = await remove(ns, { deployed: plan, ownsNamespace: false });
      expect(first.outcome).toMatchObject({
        outcome: 'failed',
        code: 'deployments/hook-failed',
        message: expect.stringMatching(/^post-delete hook Job\/farewell failed: .*deadline/),
        fix: expect.stringContaining('astroctl app delete web --no-hooks'),
        inventory: expect.arrayContaining([expect.objectContaining({ name: 'farewell', hook: true })]),
      });
      expect(await valueOf('app', ns)).toBeUndefined();
      const uid = await jobUid('farewell', ns);
      const second = await remove(ns, { deployed: plan, ownsNamespace: false });
      expect(second.outcome).toMatchObject({ outcome: 'failed', code: 'deployments/hook-failed' });
      expect(await jobUid('farewell', ns)).not.toBe(uid);
      // what a hook needs may be deleted already, so those that have completed are not run again
      expect(created(ns)).toEqual(['migrate', 'backup', 'last', 'farewell', 'farewell'].map((name) => `jobs/${name}`));
      const third = await remove(ns, { ownsNamespace: false });
      expect(third.outcome).toMatchObject({ outcome: 'succeeded', inventory: [] });
      await eventually(async () => expect(await jobUid('farewell', ns)).toBeUndefined());
    });

    it('keep all objects if one that runs before fails', async () => {
      const ns = namespace('before');
      const plan = await deployed(ns, failing(backup), farewell);
      const { outcome } = await remove(ns, { deployed: plan });
      expect(outcome).toMatchObject({
        outcome: 'failed',
        message: expect.stringMatching(/^pre-delete hook Job\/backup failed/),
      });
      expect(await valueOf('app', ns)).toBe('1');
      expect(await jobUid('farewell', ns)).toBeUndefined();
    });

    it('do not run if the objects are kept, or if the namespace was deleted', async () => {
      const [kept, gone] = [namespace('orphans'), namespace('gone')];
      const plan = await deployed(kept, backup);
      expect((await remove(kept, { deployed: plan, orphan: true })).outcome).toMatchObject({ outcome: 'succeeded' });
      expect(created(kept)).toEqual(['jobs/migrate']);
      expect(await valueOf('app', kept)).toBe('1');
      const other = await deployed(gone, backup);
      await dropNamespace(shop.client, gone);
      expect((await remove(gone, { deployed: other })).outcome).toMatchObject({ outcome: 'succeeded', inventory: [] });
      expect(created(gone)).toEqual(['jobs/migrate']);
    });

    it('do not run again if everything was deleted, but nobody heard of it', async () => {
      const ns = namespace('unheard');
      const plan = await deployed(ns, backup);
      const first = await remove(ns, { deployed: plan, ownsNamespace: false });
      const again = await remove(ns, { deployed: plan, ownsNamespace: false, inventory: first.task.inventory });
      expect(again.outcome).toMatchObject({ outcome: 'succeeded' });
      expect(created(ns)).toEqual(['jobs/migrate', 'jobs/backup']);
    });

    it('that hang are ended by a deletion without hooks', async () => {
      const ns = namespace('hanging');
      const plan = await deployed(ns, backup.replace('spec:\n', 'spec:\n  suspend: true\n'));
      const old = await shop.request(yamlSpec(ns, 1, ''), { kind: 'delete', resolved: null, deployed: plan });
      const running = shop.deliver(old);
      await eventually(async () => expect(await jobUid('backup', ns)).toBeDefined());
      const quick = await shop.request(yamlSpec(ns, 1, ''), { kind: 'delete', resolved: null });
      await running;
      expect(shop.deployments.attempt(old.attemptId).outcome).toEqual({ outcome: 'superseded' });
      await shop.deliver(quick);
      expect(shop.deployments.attempt(quick.attemptId).outcome).toMatchObject({ outcome: 'succeeded', inventory: [] });
      await eventually(async () => expect(await shop.client.get(NAMESPACE, ns)).toBeUndefined());
    });

    const points = ['planned', 'applied', 'applied', 'applied'] as const;
    const losses: Loss[] = points.flatMap((step, index) =>
      (['before', 'after'] as const).map((when) => ({ step, nth: Math.max(0, index - 1), when })),
    );

    it.each(losses)('E12: run once: $step $nth, report lost $when it was recorded', async (loss) => {
      const ns = namespace('killed');
      const plan = await deployed(ns, backup, last, farewell);
      shop.deployments.loss = loss;
      const first = await shop.request(yamlSpec(ns, 1, ''), {
        kind: 'delete',
        resolved: null,
        deployed: plan,
        ownsNamespace: false,
      });
      expect(await shop.deliver(first)).toBe('retried');
      const { outcome } = await remove(ns, { deployed: plan, ownsNamespace: false });
      expect(outcome).toMatchObject({ outcome: 'succeeded', inventory: [] });
      expect(created(ns)).toEqual(['migrate', 'backup', 'last', 'farewell'].map((name) => `jobs/${name}`));
      await eventually(async () => expect(await jobUid('farewell', ns)).toBeUndefined());
    });
  });

  it('a newer revision waits until the hook that runs has ended', async () => {
    const ns = namespace('newer');
    const slow = set(job('migrate', 'pre-install').replace('spec:\n', 'spec:\n  suspend: true\n'), config('app'));
    const old = await shop.request(yamlSpec(ns, 1, slow), { hooks: 'install' });
    const running = shop.deliver(old);
    await eventually(async () => expect(await jobUid('migrate', ns)).toBeDefined());
    const uid = await jobUid('migrate', ns);
    const newer = await shop.request(yamlSpec(ns, 2, config('app', '2')), { hooks: 'install' });
    await eventually(() => expect(shop.deployments.attempt(old.attemptId).superseded).toBe(true));
    expect(await jobUid('migrate', ns)).toBe(uid);
    const resume = { kind: 'merge' as const, body: { spec: { suspend: false } } };
    await shop.client.patch(JOB, { name: 'migrate', namespace: ns }, resume, { fieldManager: 'test' });
    await running;
    expect(shop.deployments.attempt(old.attemptId).outcome).toEqual({ outcome: 'superseded' });
    await shop.deliver(newer);
    expect(shop.deployments.attempt(newer.attemptId).outcome).toMatchObject({ outcome: 'succeeded' });
  });
}
