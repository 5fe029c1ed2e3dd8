import { splitHooks, withoutOtherHooks } from './hooks.ts';
import type { KubernetesObject } from './objects.ts';

const API_VERSIONS: Readonly<Record<string, string>> = { Job: 'batch/v1', Role: 'rbac.authorization.k8s.io/v1' };

const object = (kind: string, name: string, helm: Readonly<Record<string, string>> = {}): KubernetesObject => ({
  apiVersion: API_VERSIONS[kind] ?? 'v1',
  kind,
  metadata: {
    name,
    annotations: Object.fromEntries(Object.entries(helm).map(([key, value]) => [`helm.sh/${key}`, value])),
  },
});
const job = (name: string, hook: string, more: Readonly<Record<string, string>> = {}) =>
  object('Job', name, { hook, ...more });

const turns = (objects: readonly KubernetesObject[], event: 'install' | 'upgrade' | 'rollback' | 'none' = 'upgrade') =>
  splitHooks(objects, event).hooks.map((hook) => `${hook.phase} ${hook.object.metadata.name}`);

describe('hooks of a deployment', () => {
  it('are separated from the other objects', () => {
    const [settings, web] = [object('ConfigMap', 'settings'), object('Service', 'web')];
    const hook = job('migrate', 'pre-install,pre-upgrade');
    const split = splitHooks([settings, hook, web], 'upgrade');
    expect(split.objects).toEqual([settings, web]);
    expect(split.hooks).toEqual([
      {
        phase: 'pre-deploy',
        object: {
          ...hook,
          metadata: {
            ...hook.metadata,
            annotations: { ...hook.metadata.annotations, 'platform.astropulse.io/hook': 'pre-deploy' },
          },
        },
        weight: 0,
        isRecreated: true,
        isDeletedWhen: { succeeded: false, failed: false },
      },
    ]);
    expect(split.otherHooks).toEqual([]);
  });

  it('are those of an installation, an upgrade, or a rollback; the others wait', () => {
    const hooks = [
      job('seed', 'pre-install'),
      job('migrate', 'pre-install, pre-upgrade'),
      job('back', 'post-rollback'),
      job('smoke', 'test'),
    ];
    expect(turns(hooks, 'install')).toEqual(['pre-deploy migrate', 'pre-deploy seed']);
    expect(turns(hooks, 'upgrade')).toEqual(['pre-deploy migrate']);
    expect(turns(hooks, 'rollback')).toEqual(['post-deploy back']);
    expect(turns(hooks, 'none')).toEqual([]);
    const waiting = splitHooks(hooks, 'rollback').otherHooks;
    expect(waiting.map(({ metadata }) => metadata.name)).toEqual(['seed', 'migrate', 'smoke']);
  });

  it('run by phase, then by weight, then by kind and name', () => {
    const hook = 'pre-upgrade';
    expect(
      turns([
        job('late', 'post-upgrade', { 'hook-weight': '-9' }),
        job('b', hook),
        job('a', hook),
        object('Secret', 'z', { hook }),
        object('Role', 'y', { hook }),
        job('last', hook, { 'hook-weight': '10' }),
        job('first', hook, { 'hook-weight': '-5' }),
        job('odd', hook, { 'hook-weight': 'heavy' }),
      ]),
    ).toEqual(
      ['first', 'y', 'z', 'a', 'b', 'odd', 'last'].map((name) => `pre-deploy ${name}`).concat('post-deploy late'),
    );
  });

  it('run in both phases if they are hooks of both', () => {
    const { hooks } = splitHooks([job('check', 'pre-upgrade,post-upgrade')], 'upgrade');
    expect(hooks.map(({ object: { metadata } }) => metadata.annotations?.['platform.astropulse.io/hook'])).toEqual([
      'pre-deploy',
      'post-deploy',
    ]);
  });

  it.each([
    ['a Job without a policy', 'Job', undefined, true, false, false],
    ['a Job with a policy for its success', 'Job', 'hook-succeeded', true, true, false],
    ['a Pod that is deleted in any case', 'Pod', 'hook-succeeded, hook-failed', true, true, true],
    ['a Secret without a policy', 'Secret', undefined, true, false, false],
    ['a Secret with a policy for its failure', 'Secret', 'hook-failed', false, false, true],
    ['a volume without a policy', 'PersistentVolumeClaim', undefined, false, false, false],
    ['a volume that says so', 'PersistentVolumeClaim', 'before-hook-creation', true, false, false],
  ])('%s', (_, kind, policy, isRecreated, succeeded, failed) => {
    const hook = object(kind, 'x', {
      hook: 'pre-upgrade',
      ...(policy !== undefined && { 'hook-delete-policy': policy }),
    });
    expect(splitHooks([hook], 'upgrade').hooks).toEqual([
      expect.objectContaining({ isRecreated, isDeletedWhen: { succeeded, failed } }),
    ]);
  });

  it('do not include events that only Helm 2 knew', () => {
    const definition = object('CustomResourceDefinition', 'widgets.acme.dev', { hook: 'crd-install' });
    expect(splitHooks([definition], 'install').objects).toEqual([definition]);
  });
});

describe('hooks that no deployment runs', () => {
  it('are left out, with a warning about those for deletions', () => {
    const settings = object('ConfigMap', 'settings');
    const chart = [settings, object('Pod', 'smoke', { hook: 'test' }), job('clean', 'pre-delete, post-delete')];
    expect(withoutOtherHooks(chart)).toEqual({
      objects: [settings],
      warnings: ['hooks for deletions, which do not run: Job clean (pre-delete, post-delete)'],
    });
  });

  it('do not include those that a deployment runs too', () => {
    const chart = [
      object('ConfigMap', 'settings', { hook: 'pre-install' }),
      job('migrate', 'pre-install,pre-delete'),
      job('back', 'post-rollback'),
    ];
    expect(withoutOtherHooks(chart)).toEqual({
      objects: chart,
      warnings: ['hooks for deletions, which do not run: Job migrate (pre-delete)'],
    });
  });

  it('do not include other objects', () => {
    const plain = [object('ConfigMap', 'a'), object('Job', 'b')];
    expect(withoutOtherHooks(plain)).toEqual({ objects: plain, warnings: [] });
  });
});
