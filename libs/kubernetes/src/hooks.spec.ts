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

const turns = (objects: readonly KubernetesObject[], event: Parameters<typeof splitHooks>[1] = 'upgrade') =>
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

describe('hooks of a deletion', () => {
  const hooks = [
    job('last', 'post-delete'),
    job('second', 'pre-delete', { 'hook-weight': '1' }),
    job('first', 'pre-delete,post-install', { 'hook-delete-policy': 'hook-succeeded' }),
    job('migrate', 'pre-install,pre-upgrade'),
  ];

  it('run before and after it, and not with deployments', () => {
    const { hooks: run, otherHooks } = splitHooks(hooks, 'delete');
    expect(run.map(({ phase, object: { metadata } }) => [phase, metadata.name])).toEqual([
      ['pre-delete', 'first'],
      ['pre-delete', 'second'],
      ['post-delete', 'last'],
    ]);
    expect(run[0]).toMatchObject({
      isDeletedWhen: { succeeded: true, failed: false },
      object: { metadata: { annotations: { 'platform.astropulse.io/hook': 'pre-delete' } } },
    });
    expect(otherHooks.map(({ metadata }) => metadata.name)).toEqual(['migrate']);
    expect(turns(hooks, 'install')).toEqual(['pre-deploy migrate', 'post-deploy first']);
    expect(turns(hooks, 'none')).toEqual([]);
  });
});

describe('hooks of Argo CD', () => {
  const argo = (kind: string, name: string, annotations: Readonly<Record<string, string>>): KubernetesObject => ({
    apiVersion: API_VERSIONS[kind] ?? 'v1',
    kind,
    metadata: {
      name,
      annotations: Object.fromEntries(
        Object.entries(annotations).map(([key, value]) => [`argocd.argoproj.io/${key}`, value]),
      ),
    },
  });

  it('run at the times of helm, in the order of their waves, with their policies', () => {
    const hooks = [
      argo('Job', 'notify', { hook: 'PostSync' }),
      argo('Job', 'migrate', { hook: 'PreSync', 'sync-wave': '2', 'hook-delete-policy': 'HookSucceeded,HookFailed' }),
      argo('Job', 'check', { hook: 'PreSync, PostSync', 'sync-wave': '-1' }),
      argo('Job', 'clean', { hook: 'PostDelete' }),
      argo('ConfigMap', 'note', { hook: 'PreDelete', 'hook-delete-policy': 'BeforeHookCreation' }),
    ];
    for (const event of ['install', 'upgrade', 'rollback'] as const)
      expect(turns(hooks, event)).toEqual([
        'pre-deploy check',
        'pre-deploy migrate',
        'post-deploy check',
        'post-deploy notify',
      ]);
    expect(splitHooks(hooks, 'delete').hooks.map(({ phase, object: { metadata } }) => [phase, metadata.name])).toEqual([
      ['pre-delete', 'note'],
      ['post-delete', 'clean'],
    ]);
    expect(splitHooks(hooks, 'install').hooks[1]).toMatchObject({
      weight: 2,
      isRecreated: true,
      isDeletedWhen: { succeeded: true, failed: true },
    });
  });

  it('do not count if helm has annotations too', () => {
    const both = argo('Job', 'both', { hook: 'PostSync', 'hook-delete-policy': 'HookFailed' });
    const annotations = { ...both.metadata.annotations, 'helm.sh/hook': 'pre-install' };
    const object = { ...both, metadata: { ...both.metadata, annotations } };
    expect(turns([object], 'install')).toEqual(['pre-deploy both']);
    expect(splitHooks([object], 'install').hooks[0]?.isDeletedWhen).toEqual({ succeeded: false, failed: false });
    expect(turns([object], 'upgrade')).toEqual([]);
  });

  it('that have no equivalent are named in a warning, except for those that are to be skipped', () => {
    const plain = argo('ConfigMap', 'a', { 'sync-wave': '1' });
    const sync = argo('Job', 'seed', { hook: 'Sync' });
    const alert = argo('Job', 'alert', { hook: 'PostSync,SyncFail' });
    const skipped = argo('Job', 'skipped', { hook: 'Skip' });
    const failing = argo('Job', 'failing', { hook: 'SyncFail' });
    const unknown = argo('Job', 'unknown', { hook: 'Presync' });
    expect(withoutOtherHooks([plain, sync, alert, skipped, failing, unknown])).toEqual({
      objects: [plain, sync, alert, unknown],
      warnings: [
        'hooks of Argo CD that do not run: Job alert (SyncFail), Job failing (SyncFail)',
        'hooks of Argo CD that are deployed with the other objects: Job seed (Sync)',
      ],
    });
    expect(splitHooks([sync, unknown], 'install').objects).toEqual([sync, unknown]);
  });
});

describe('hooks that never run', () => {
  it('are left out: those for tests', () => {
    const chart = [
      object('ConfigMap', 'settings', { hook: 'pre-install' }),
      job('migrate', 'pre-install,pre-delete'),
      job('back', 'post-rollback'),
      job('clean', 'pre-delete, post-delete'),
    ];
    expect(withoutOtherHooks([...chart, object('Pod', 'smoke', { hook: 'test' })])).toEqual({
      objects: chart,
      warnings: [],
    });
  });

  it('do not include other objects', () => {
    const plain = [object('ConfigMap', 'a'), object('Job', 'b')];
    expect(withoutOtherHooks(plain)).toEqual({ objects: plain, warnings: [] });
  });
});
