import type { KubernetesObject, PlannedChange } from '#kubernetes';
import { attemptMark, endpointOf, pathOf, reportedChanges, revisionOfMark, servingText, fetchedText } from './steps.ts';

const key = { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web' };

describe('a plan as text', () => {
  it('names objects, fields, and managers whose changes are reverted', () => {
    const changes: PlannedChange[] = [
      {
        key,
        apiVersion: 'apps/v1',
        action: 'update',
        changes: [
          { pointer: '/spec/template/spec/containers/0/image', before: '"a:1"', after: '"a:2"' },
          { pointer: '/spec/template/spec/containers/0/env/0/value', before: '"old"', after: '"new"' },
        ],
        takesBackFrom: [{ manager: 'kubectl-edit', field: '.spec.replicas' }],
      },
      {
        key: { group: '', kind: 'ConfigMap', namespace: 'other', name: 'a' },
        apiVersion: 'v1',
        action: 'prune',
        uid: 'u',
      },
    ];
    expect(reportedChanges(changes, 'shop')).toEqual([
      {
        object: 'Deployment/web',
        action: 'update',
        fields: [
          'spec.template.spec.containers[0].image: "a:1" -> "a:2"',
          'spec.template.spec.containers[0].env[0].value',
        ],
        takesBackFrom: 'kubectl-edit',
      },
      { object: 'ConfigMap/other/a', action: 'delete', fields: [], takesBackFrom: null },
    ]);
  });

  it('fits into one event, regardless of the number of fields', () => {
    const changes = Array.from({ length: 200 }, (_, index): PlannedChange => ({
      key: { ...key, name: `web-${index}` },
      apiVersion: 'apps/v1',
      action: 'update',
      changes: Array.from({ length: 200 }, (_, field) => ({
        pointer: `/spec/template/spec/containers/${field}/a-rather-long-name-of-a-field`,
      })),
      takesBackFrom: [],
    }));
    expect(JSON.stringify(reportedChanges(changes, 'shop')).length).toBeLessThan(48 * 1024);
  });

  it('shows JSON pointers as paths', () =>
    expect(pathOf('/metadata/annotations/a~1b/0')).toBe('metadata.annotations.a/b[0]'));
});

describe('the version that serves while the newest revision does not', () => {
  const deployment: KubernetesObject = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', annotations: { 'deployment.kubernetes.io/revision': '4' } },
    spec: { replicas: 3 },
  };
  const set = (rollout: string, mark: string, readyReplicas: number): KubernetesObject => ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: `web-${rollout}`, annotations: { 'deployment.kubernetes.io/revision': rollout, mark } },
    status: { readyReplicas },
  });
  const revisionOf = (replicaSet: KubernetesObject) => revisionOfMark(replicaSet.metadata.annotations?.['mark']);

  it('is the older revision whose pods are ready', () =>
    expect(servingText(deployment, [set('3', 'v3.5', 3), set('4', 'v4.6', 0)], revisionOf)).toBe(
      'v3 still serves, 3/3 ready',
    ));
  it('is null when no pod of an older one is ready', () =>
    expect(servingText(deployment, [set('4', 'v4.6', 1)], revisionOf)).toBe('No revision is serving traffic'));
  it('has no number when the older pods have no annotation', () =>
    expect(servingText(deployment, [set('3', '', 2)], revisionOf)).toBe(
      'The previous version still serves, 2/3 ready',
    ));
});

it('reads the revision from an annotation', () =>
  expect(revisionOfMark(attemptMark({ revision: 12, attemptNumber: 40 }))).toBe(12));

it('returns the address of an application, with https only if its host has TLS', () => {
  const ingress = (tls: unknown): KubernetesObject => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'web' },
    spec: { rules: [{ host: 'web.acme.dev' }], tls },
  });
  expect(endpointOf([ingress([{ hosts: ['web.acme.dev'] }])])).toBe('https://web.acme.dev');
  expect(endpointOf([ingress(undefined)])).toBe('http://web.acme.dev');
  expect(endpointOf([])).toBeNull();
});

it('names the source', () =>
  expect(fetchedText({ type: 'image', workload: { image: 'images.acme.dev/web:1' } })).toBe(
    'image images.acme.dev/web:1',
  ));
