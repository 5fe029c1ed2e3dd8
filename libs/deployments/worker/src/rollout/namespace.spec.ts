import type { KubernetesObject } from '#kubernetes';
import { namespaceObject, otherOwner, planNamespace } from './namespace.ts';

const marks = { label: 'ours', managedBy: { key: 'by', value: 'us' } };
const wanted = namespaceObject('shop', 'org-1', 'baseline', marks);
const live = (labels: Record<string, string>, more: object = {}): KubernetesObject => ({
  ...wanted,
  metadata: { ...wanted.metadata, labels, ...more },
});
const plan = (there: KubernetesObject | undefined) => planNamespace(there, wanted, 'org-1', 'ours');

describe('the target namespace', () => {
  it('is created if missing, with the Pod Security level of the cluster', () => {
    expect(plan(undefined)).toBe('create');
    expect(wanted.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'baseline' });
  });
  it('is unchanged if no platform created it', () => expect(plan(live({}))).toBe('leave'));
  it('of the platform is labelled again only when the level changed', () => {
    expect(plan(live({ ...wanted.metadata.labels, 'pod-security.kubernetes.io/enforce': 'privileged' }))).toBe('label');
    expect(plan(live({ ...wanted.metadata.labels, more: 'labels' }))).toBe('leave');
  });
  it('is not used while it is being deleted; the next apply waits for it', () =>
    expect(plan(live({ ours: 'org-1' }, { deletionTimestamp: '2026-01-01T00:00:00Z' }))).toBe('wait'));
});

it('use-D22: a namespace with the label of another organization or platform is rejected', () => {
  const marked = (owner: string) => ({ ...wanted, metadata: { ...wanted.metadata, labels: { ours: owner } } });
  expect(plan(marked('org-2'))).toBe('refuse');
  expect(plan({ ...marked('org-2'), status: { phase: 'Terminating' } })).toBe('refuse');
  expect(otherOwner(marked('org-2'), 'org-1', 'ours')).toBe('org-2');
  expect(plan(marked('org-1'))).toBe('label');
  expect(otherOwner(marked('org-1'), 'org-1', 'ours')).toBeUndefined();
});
