import { readFileSync } from 'node:fs';
import { parseManifests } from '#kubernetes/yaml';
import { isKubernetesObject, type KubernetesObject } from '../objects.ts';
import type { Health } from './health.types.ts';
import { healthOf } from './object-health.ts';

/** Objects as a real Kubernetes 1.36 gave them; to fix a verdict, add the object. */
function recorded(name: string): KubernetesObject {
  const parsed = parseManifests(readFileSync(new URL(`./testdata/${name}.yaml`, import.meta.url), 'utf8'));
  const first = parsed.ok ? parsed.value.documents[0]?.value : undefined;
  if (!isKubernetesObject(first)) throw new Error(`${name} holds no object`);
  return first;
}

/** The recorded object with members below its status, spec or metadata replaced. */
const changed = (
  object: KubernetesObject,
  changes: Readonly<Record<'spec' | 'status' | 'metadata', object>> | object,
): KubernetesObject => {
  const merged: Record<string, unknown> = { ...object };
  for (const [member, value] of Object.entries(changes)) merged[member] = { ...(object[member] as object), ...value };
  return merged as KubernetesObject; // only members of known form were replaced
};

describe('the health of a real object', () => {
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

describe('use-D24: the health of a real object, as Argo CD and kstatus see it', () => {
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

  it('is Progressing while a StatefulSet ends surplus pods', () =>
    expect(healthOf(changed(recorded('statefulset-ready'), { status: { replicas: 9 } }))).toMatchObject({
      state: 'Progressing',
    }));
  it('is Suspended for a paused Deployment whose last change was not observed', () =>
    expect(healthOf(changed(recorded('deployment-paused'), { metadata: { generation: 99 } }))).toMatchObject({
      state: 'Suspended',
    }));
  it('of a refused Gateway and of a route that nobody accepted', () => {
    const gateway = recorded('gateway-not-programmed');
    const condition = { type: 'Accepted', status: 'False', reason: 'UnsupportedAddress', message: 'no such address' };
    expect(healthOf(changed(gateway, { status: { conditions: [condition] } }))).toMatchObject({ state: 'Degraded' });
    expect(healthOf(changed(recorded('httproute-backend-not-found'), { status: { parents: [] } }))).toMatchObject({
      state: 'Progressing',
    });
  });
  it('is Healthy for kinds that only have a phase, as kstatus says', () =>
    expect(
      healthOf({ apiVersion: 'acme.dev/v1', kind: 'Thing', metadata: { name: 'x' }, status: { phase: 'Failed' } }),
    ).toMatchObject({ state: 'Healthy' }));
});

describe('the health of an object', () => {
  const deployment = recorded('deployment-available');

  it('is not what its status says while the controller has not seen the present generation', () => {
    expect(healthOf(changed(deployment, { metadata: { generation: 7 } }))).toMatchObject({ state: 'Progressing' });
  });

  it('is Progressing while replicas of the old revision end', () => {
    expect(healthOf(changed(deployment, { status: { replicas: 3 } }))).toMatchObject({
      state: 'Progressing',
      message: '1 old ending',
    });
  });

  it('is Progressing while fewer are available than wanted', () => {
    expect(healthOf(changed(deployment, { status: { availableReplicas: 1 } }))).toMatchObject({
      state: 'Progressing',
      message: '1/2 available',
    });
  });

  it('waits for the address of an Ingress for a minute, then does without: many clusters never write one', () => {
    const ingress = recorded('ingress-without-address');
    const made = Date.parse(ingress.metadata.creationTimestamp ?? '');
    expect(healthOf(ingress, { nowMs: made + 10_000 }).state).toBe('Progressing');
    expect(healthOf(ingress, { nowMs: made + 61_000 }).state).toBe('Healthy');
  });

  it('of a Job counts conditions that are True only', () => {
    const job = recorded('job-complete');
    expect(
      healthOf(changed(job, { status: { conditions: [{ type: 'Failed', status: 'False' }], active: 1 } })).state,
    ).toBe('Progressing');
  });

  it('of a StatefulSet counts the old revision, down to the partition', () => {
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

  it('of a kind of others is not judged by the rule of a kind of the same name', () => {
    const service: KubernetesObject = {
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      metadata: { name: 'fn' },
      status: { conditions: [{ type: 'Ready', status: 'False', message: 'no revision' }] },
    };
    expect(healthOf(service)).toMatchObject({ state: 'Progressing', message: 'no revision' });
    expect(
      healthOf(
        changed(service, { status: { conditions: [{ type: 'Ready', status: 'Unknown', reason: 'Deploying' }] } }),
      ),
    ).toMatchObject({
      state: 'Progressing',
      message: 'Deploying',
    });
  });

  it('of an unknown kind follows Stalled and Reconciling first', () => {
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

  it('of a new custom object waits some seconds for its controller', () => {
    const { status: _, ...fresh } = recorded('custom-not-ready');
    const made = Date.parse(fresh.metadata.creationTimestamp ?? '');
    expect(healthOf(fresh, { nowMs: made + 1_000 }).state).toBe('Progressing');
    expect(healthOf(fresh, { nowMs: made + 6_000 }).state).toBe('Healthy');
  });
});
