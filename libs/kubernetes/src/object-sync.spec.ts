import type { KubernetesObject } from './objects.ts';
import { driftOfChange, driftText, objectSync } from './object-sync.ts';

const object = (...managedFields: object[]): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', managedFields },
});
const container = {
  'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"web"}': { '.': {}, 'f:image': {} } } } },
};
const applied = { 'f:spec': { 'f:replicas': {}, ...container } };
const ours = (fieldsV1: object) => ({ manager: 'astro-platform', operation: 'Apply', fieldsV1 });
const by = (manager: string, fieldsV1: object, more = {}) => ({ manager, operation: 'Update', fieldsV1, ...more });

describe('use-D1: an object', () => {
  it('is Synced while all applied fields are owned by the platform, whatever controllers write', () =>
    expect(
      objectSync(
        object(
          ours(applied),
          by('kube-controller-manager', { 'f:status': {} }, { subresource: 'status' }),
          by('kubectl-annotate', { 'f:metadata': {} }),
        ),
        applied,
      ),
    ).toEqual({ state: 'Synced', changed: [], alsoBy: [] }));

  it('is OutOfSync after kubectl set image and kubectl scale, and lists both fields', () => {
    const kept = { 'f:spec': { 'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"web"}': { '.': {} } } } } } };
    const live = object(
      ours(kept),
      by('kubectl-set', { 'f:spec': container }),
      by('kubectl', { 'f:spec': { 'f:replicas': {} } }, { subresource: 'scale' }),
    );
    const { state, changed } = objectSync(live, applied);
    expect(state).toBe('OutOfSync');
    expect(driftText(driftOfChange('Deployment/web', changed))).toBe(
      'Deployment/web was changed by kubectl, kubectl-set: spec.replicas, spec.template.spec.containers[name="web"].image',
    );
  });

  it('is OutOfSync when a field was removed, which then has no owner', () => {
    const { state, changed } = objectSync(object(ours({ 'f:spec': container })), applied);
    expect(state).toBe('OutOfSync');
    expect(driftText(driftOfChange('Deployment/web', changed))).toBe('Deployment/web has lost fields: spec.replicas');
  });

  it('is OutOfSync when the platform owns none of its fields', () =>
    expect(objectSync(object(), applied)).toMatchObject({ state: 'OutOfSync', changed: [{ field: '' }] }));

  it('K8.6-48: is Synced with fields that others added, and names their managers', () =>
    expect(objectSync(object(ours(applied), by('kubectl-edit', { 'f:spec': { 'f:paused': {} } })), applied)).toEqual({
      state: 'Synced',
      changed: [],
      alsoBy: ['kubectl-edit'],
    }));

  it('has no drift if the applied fields are not known', () =>
    expect(objectSync(object(ours(applied)), undefined)).toMatchObject({ state: 'Synced' }));
});
