import type { KubernetesObject } from '#kubernetes';
import { syncOf } from './sync.ts';

const object = (...managedFields: object[]): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', managedFields },
});
const ours = { manager: 'astro-platform', operation: 'Apply', fieldsV1: { 'f:spec': {} } };

describe('an object', () => {
  it('is in sync while only controllers wrote its status and its scale', () =>
    expect(
      syncOf(
        object(
          ours,
          {
            manager: 'kube-controller-manager',
            operation: 'Update',
            subresource: 'status',
            fieldsV1: { 'f:status': {} },
          },
          { manager: 'hpa', operation: 'Update', subresource: 'scale', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
        ),
        'astro-platform',
      ),
    ).toBe('Synced'));
  it('is out of sync when somebody edited its content', () =>
    expect(
      syncOf(
        object(ours, { manager: 'kubectl-edit', operation: 'Update', fieldsV1: { 'f:spec': { 'f:paused': {} } } }),
        'astro-platform',
      ),
    ).toBe('OutOfSync'));
  it('is in sync when somebody only put an annotation on it', () =>
    expect(
      syncOf(
        object(ours, { manager: 'kubectl-annotate', operation: 'Update', fieldsV1: { 'f:metadata': {} } }),
        'astro-platform',
      ),
    ).toBe('Synced'));
  it('is out of sync when nothing of ours is left', () => expect(syncOf(object(), 'astro-platform')).toBe('OutOfSync'));
});
