import type { KubernetesObject } from '#kubernetes';
import { concerns, eventRow } from './kubernetes-events.ts';

const inventory = [{ group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: null }];
const event = (kind: string, name: string, namespace = 'shop'): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: 'e', creationTimestamp: '2026-01-01T00:00:00Z' },
  involvedObject: { kind, name, namespace },
  type: 'Warning',
  reason: 'Unhealthy',
  message: 'readiness probe failed: HTTP 503\n',
  lastTimestamp: '2026-01-01T00:00:05Z',
  count: 2,
});

describe('Kubernetes events of an application', () => {
  it.each([
    ['Deployment', 'web'],
    ['ReplicaSet', 'web-7c9d5b6f4'],
    ['Pod', 'web-7c9d5b6f4-2kq9v'],
  ])('include those of %s %s', (kind, name) => expect(concerns(event(kind, name), inventory)).toBe(true));

  it.each([
    ['Pod', 'web-admin-7c9d5b6f4-2kq9v', 'shop'],
    ['Pod', 'web-7c9d5b6f4-2kq9v', 'other'],
    ['Deployment', 'web-admin', 'shop'],
    ['Service', 'web', 'shop'],
  ])('exclude those of %s %s in %s', (kind, name, namespace) =>
    expect(concerns(event(kind, name, namespace), inventory)).toBe(false),
  );

  it('are shown with time, type, reason, object, count and message', () =>
    expect(eventRow(event('Pod', 'web-1'))).toEqual({
      source: 'kubernetes',
      last: '2026-01-01T00:00:05Z',
      type: 'Warning',
      reason: 'Unhealthy',
      object: 'pod/web-1',
      count: 2,
      message: 'readiness probe failed: HTTP 503',
    }));
});
