import type { KubernetesObject } from '#kubernetes';
import { withoutOtherHooks } from './chart-hooks.ts';

const object = (kind: string, name: string, hook?: string): KubernetesObject => ({
  apiVersion: kind === 'Job' ? 'batch/v1' : 'v1',
  kind,
  metadata: { name, ...(hook !== undefined && { annotations: { 'helm.sh/hook': hook } }) },
});

describe('hooks of a chart', () => {
  it('are left out with a warning if they are for tests, rollbacks, or deletions', () => {
    const chart = [
      object('ConfigMap', 'settings'),
      object('Pod', 'smoke', 'test'),
      object('Job', 'clean', 'pre-delete, post-delete'),
      object('Job', 'back', 'post-rollback'),
    ];
    expect(withoutOtherHooks(chart)).toEqual({
      objects: [chart[0]],
      warnings: [
        'hooks that are not deployed: Pod smoke (test), Job clean (pre-delete, post-delete), Job back (post-rollback)',
      ],
    });
  });

  it('are deployed with the other objects if they are for deployments, and workloads are named', () => {
    const chart = [
      object('ConfigMap', 'settings', 'pre-install'),
      object('Job', 'migrate', 'pre-install,pre-upgrade'),
      object('Job', 'notify', 'post-install,test'),
    ];
    expect(withoutOtherHooks(chart)).toEqual({
      objects: chart,
      warnings: [
        'hooks that run with the other workloads, not before or after them: Job migrate (pre-install, pre-upgrade), Job notify (post-install, test)',
      ],
    });
  });

  it('leave other objects as they are', () => {
    const plain = [object('ConfigMap', 'a'), object('Job', 'b')];
    expect(withoutOtherHooks(plain)).toEqual({ objects: plain, warnings: [] });
  });
});
