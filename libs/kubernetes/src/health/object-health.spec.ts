import { readFileSync } from 'node:fs';
import { parseManifests } from '#kubernetes/yaml';
import { isKubernetesObject, type KubernetesObject } from '../objects.ts';
import type { Health } from './health.types.ts';
import { healthOf } from './object-health.ts';

/** Reads an object recorded from Kubernetes 1.36. To correct a verdict, add the object to the recordings. */
function recorded(name: string): KubernetesObject {
  const parsed = parseManifests(readFileSync(new URL(`./testdata/${name}.yaml`, import.meta.url), 'utf8'));
  const first = parsed.ok ? parsed.value.documents[0]?.value : undefined;
  if (!isKubernetesObject(first)) throw new Error(`${name} holds no object`);
  return first;
}

/** Returns the object with some members of its status, spec, or metadata replaced. */
const changed = (
  object: KubernetesObject,
  changes: Readonly<Record<'spec' | 'status' | 'metadata', object>> | object,
): KubernetesObject => {
  const merged: Record<string, unknown> = { ...object };
  for (const [member, value] of Object.entries(changes)) merged[member] = { ...(object[member] as object), ...value };
  return merged as KubernetesObject; // only members with a known form were replaced
};

describe('the health of a recorded object', () => {
  const cases: readonly (readonly [string, Partial<Health>])[] = [
    ['deployment-available', { state: 'Healthy' }],
    ['deployment-never-ready', { state: 'Degraded', code: 'deployments/rollout-stuck' }],
    ['deployment-paused', { state: 'Suspended' }],
    ['deployment-over-quota', { state: 'Degraded', code: 'deployments/quota-limit' }],
    ['deployment-violates-pod-security', { state: 'Degraded', code: 'deployments/pod-security' }],
    ['rollout-second-image-missing', { state: 'Progressing' }],
    ['statefulset-ready', { state: 'Healthy' }],
    ['daemonset-available', { state: 'Healthy' }],
    ['job-complete', { state: 'Healthy' }],
    ['job-failed', { state: 'Degraded', code: 'deployments/job-failed', final: true }],
    ['cronjob-suspended', { state: 'Suspended' }],
    ['pod-running', { state: 'Healthy' }],
    ['service-without-address', { state: 'Progressing' }],
    ['pvc-pending', { state: 'Progressing', message: 'is not bound yet' }],
    ['hpa-without-metrics', { state: 'Healthy' }],
    ['crd-established', { state: 'Healthy' }],
    ['namespace-active', { state: 'Healthy' }],
    ['custom-not-ready', { state: 'Progressing', message: 'waits for its backup' }],
    ['configmap-held-by-finalizer', { state: 'Terminating', message: 'held by example.com/hold' }],
  ];
  it.each(cases)('%s', (name, expected) =>
    expect(healthOf(recorded(name), { nowMs: Date.parse('2026-11-24T15:23:20Z') })).toMatchObject(expected),
  );
});

describe('use-D24: the health of a recorded object by the rules of Argo CD and kstatus', () => {
  const cases: readonly (readonly [string, Partial<Health>])[] = [
    ['pdb-sync-failed', { state: 'Degraded' }],
    ['pvc-pending', { state: 'Progressing' }],
    ['hpa-without-target', { state: 'Degraded', code: 'deployments/scale-failed' }],
    ['gateway-not-programmed', { state: 'Progressing', message: 'No addresses have been assigned to the Gateway' }],
    ['httproute-backend-not-found', { state: 'Degraded', message: 'Service web/nope not found' }],
    ['volumesnapshot-error', { state: 'Degraded' }],
    ['custom-ready-of-older-generation', { state: 'Progressing' }],
    ['deployment-paused', { state: 'Suspended' }],
  ];
  it.each(cases)('%s', (name, expected) => expect(healthOf(recorded(name))).toMatchObject(expected));

  it('is Progressing while a StatefulSet deletes surplus pods', () =>
    expect(healthOf(changed(recorded('statefulset-ready'), { status: { replicas: 9 } }))).toMatchObject({
      state: 'Progressing',
    }));
  it('is Suspended for a paused Deployment whose last change was not observed', () =>
    expect(healthOf(changed(recorded('deployment-paused'), { metadata: { generation: 99 } }))).toMatchObject({
      state: 'Suspended',
    }));
  it('is Degraded for a refused Gateway, and Progressing for a route without parents', () => {
    const gateway = recorded('gateway-not-programmed');
    const condition = { type: 'Accepted', status: 'False', reason: 'UnsupportedAddress', message: 'no such address' };
    expect(healthOf(changed(gateway, { status: { conditions: [condition] } }))).toMatchObject({ state: 'Degraded' });
    expect(healthOf(changed(recorded('httproute-backend-not-found'), { status: { parents: [] } }))).toMatchObject({
      state: 'Progressing',
    });
  });
  it('is Healthy for kinds that only have a phase, as in kstatus', () =>
    expect(
      healthOf({ apiVersion: 'acme.dev/v1', kind: 'Thing', metadata: { name: 'x' }, status: { phase: 'Failed' } }),
    ).toMatchObject({ state: 'Healthy' }));
});

describe('the health of an object', () => {
  const deployment = recorded('deployment-available');

  it('ignores the status until the controller has observed the current generation', () => {
    expect(healthOf(changed(deployment, { metadata: { generation: 7 } }))).toMatchObject({ state: 'Progressing' });
  });

  it('is Progressing while replicas of the old revision end', () => {
    expect(healthOf(changed(deployment, { status: { replicas: 3 } }))).toMatchObject({
      state: 'Progressing',
      message: '1 old ending',
    });
  });

  it('is Progressing while fewer replicas are available than desired', () => {
    expect(healthOf(changed(deployment, { status: { availableReplicas: 1 } }))).toMatchObject({
      state: 'Progressing',
      message: '1/2 available',
    });
  });

  it('waits one minute for the address of an Ingress, since many clusters never set one', () => {
    const ingress = recorded('ingress-without-address');
    const made = Date.parse(ingress.metadata.creationTimestamp ?? '');
    expect(healthOf(ingress, { nowMs: made + 10_000 }).state).toBe('Progressing');
    expect(healthOf(ingress, { nowMs: made + 61_000 }).state).toBe('Healthy');
  });

  it('counts only conditions of a Job that are True', () => {
    const job = recorded('job-complete');
    expect(
      healthOf(changed(job, { status: { conditions: [{ type: 'Failed', status: 'False' }], active: 1 } })).state,
    ).toBe('Progressing');
  });

  it('counts the old revision of a StatefulSet, down to the partition', () => {
    const set = recorded('statefulset-ready');
    expect(healthOf(changed(set, { status: { updateRevision: 'ok-2', updatedReplicas: 1 } })).state).toBe(
      'Progressing',
    );
    expect(
      healthOf(
        changed(set, {
          spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } },
          status: { updateRevision: 'ok-2', updatedReplicas: 1 },
        }),
      ).state,
    ).toBe('Healthy');
  });

  it('does not apply the rule of a built-in kind to a custom kind with the same name', () => {
    const service: KubernetesObject = {
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      metadata: { name: 'fn' },
      status: { conditions: [{ type: 'Ready', status: 'False', message: 'no revision' }] },
    };
    expect(healthOf(service)).toMatchObject({ state: 'Degraded', message: 'no revision' });
    expect(
      healthOf(
        changed(service, { status: { conditions: [{ type: 'Ready', status: 'Unknown', reason: 'Deploying' }] } }),
      ),
    ).toMatchObject({
      state: 'Progressing',
      message: 'Deploying',
    });
  });

  it('uses Stalled and Reconciling first for an unknown kind', () => {
    const custom = recorded('custom-not-ready');
    expect(
      healthOf(
        changed(custom, {
          status: {
            conditions: [
              { type: 'Stalled', status: 'True', message: 'no access' },
              { type: 'Ready', status: 'True' },
            ],
          },
        }),
      ),
    ).toMatchObject({ state: 'Degraded', message: 'no access' });
    expect(
      healthOf(
        changed(custom, {
          status: {
            conditions: [
              { type: 'Reconciling', status: 'True', message: 'at it' },
              { type: 'Ready', status: 'True' },
            ],
          },
        }),
      ).state,
    ).toBe('Progressing');
  });

  it('waits some seconds for the controller of a new custom object', () => {
    const { status: _, ...fresh } = recorded('custom-not-ready');
    const made = Date.parse(fresh.metadata.creationTimestamp ?? '');
    expect(healthOf(fresh, { nowMs: made + 1_000 }).state).toBe('Progressing');
    expect(healthOf(fresh, { nowMs: made + 6_000 }).state).toBe('Healthy');
  });
});
