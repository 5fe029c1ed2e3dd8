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
  it('is made where there is none, held to the Pod Security level by the cluster itself', () => {
    expect(plan(undefined)).toBe('create');
    expect(wanted.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'baseline' });
  });
  it('is left as it is when no platform made it', () => expect(plan(live({}))).toBe('leave'));
  it('of ours is labelled again when the level changed, and else left', () => {
    expect(plan(live({ ...wanted.metadata.labels, 'pod-security.kubernetes.io/enforce': 'privileged' }))).toBe('label');
    expect(plan(live({ ...wanted.metadata.labels, more: 'labels' }))).toBe('leave');
  });
  it('that is going is waited for, by the next apply', () =>
    expect(plan(live({ ours: 'org-1' }, { deletionTimestamp: '2026-01-01T00:00:00Z' }))).toBe('wait'));
});

it('use-D22: a namespace with the mark of another organization or platform is refused', () => {
  const marked = (owner: string) => ({ ...wanted, metadata: { ...wanted.metadata, labels: { ours: owner } } });
  expect(plan(marked('org-2'))).toBe('refuse');
  expect(plan({ ...marked('org-2'), status: { phase: 'Terminating' } })).toBe('refuse');
  expect(otherOwner(marked('org-2'), 'org-1', 'ours')).toBe('org-2');
  expect(plan(marked('org-1'))).toBe('label');
  expect(otherOwner(marked('org-1'), 'org-1', 'ours')).toBeUndefined();
});
