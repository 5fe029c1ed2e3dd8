import type { PlannedChange } from '#kubernetes';
import { liveDifferences } from './differences.ts';

const of = (kind: string, name: string, namespace = 'shop') => ({
  key: { group: '', kind, name, namespace },
  apiVersion: 'v1',
});

describe('use-D20: differences of a cluster from what was applied', () => {
  it('are the reverse of what an apply would change', () => {
    const plan: readonly PlannedChange[] = [
      {
        ...of('Deployment', 'web'),
        action: 'update',
        changes: [
          { pointer: '/spec/replicas', before: '3', after: '1' },
          { pointer: '/spec/template/spec/containers/0/image', before: '"web:2"', after: '"web:1"' },
          { pointer: '/metadata/labels/team', after: '"shop"' },
          { pointer: '/metadata/labels/x', before: '"y"' },
        ],
        takesBackFrom: [],
      },
      { ...of('Service', 'web', 'other'), action: 'create' },
      { ...of('ConfigMap', 'same'), action: 'unchanged' },
      { ...of('ConfigMap', 'kept'), action: 'keep', why: 'it stays' },
    ];
    expect(liveDifferences(plan, 'shop')).toEqual({
      changes: [
        { object: 'Deployment/web', path: 'spec.replicas', change: 'changed', before: '1', after: '3' },
        {
          object: 'Deployment/web',
          path: 'spec.template.spec.containers[0].image',
          change: 'changed',
          before: 'web:1',
          after: 'web:2',
        },
        { object: 'Deployment/web', path: 'metadata.labels.team', change: 'removed', before: 'shop', after: null },
        { object: 'Deployment/web', path: 'metadata.labels.x', change: 'added', before: null, after: 'y' },
        { object: 'Service/other/web', path: '', change: 'removed', before: 'Synced', after: null },
      ],
      omitted: 0,
    });
  });

  it('are counted beyond the first thousand', () => {
    const created = Array.from({ length: 1_003 }, (_, index): PlannedChange => ({
      ...of('ConfigMap', `c${index}`),
      action: 'create',
    }));
    const { changes, omitted } = liveDifferences(created, 'shop');
    expect([changes.length, omitted]).toEqual([1_000, 3]);
  });
});
