import { readFileSync } from 'node:fs';
import { parseManifests } from '#kubernetes/yaml';
import { at, isKubernetesObject, keyOf, record, text, type KubernetesObject } from '../objects.ts';
import { applicationHealth, finder, podsOf } from './application-health.ts';
import { healthOf } from './object-health.ts';

function recorded(name: string): readonly KubernetesObject[] {
  const parsed = parseManifests(readFileSync(new URL(`./testdata/${name}.yaml`, import.meta.url), 'utf8'));
  return parsed.ok ? parsed.value.documents.map(({ value }) => value).filter(isKubernetesObject) : [];
}

function deploymentOf(name: string): KubernetesObject {
  const found = recorded(name).find(({ kind }) => kind === 'Deployment');
  if (!found) throw new Error(`${name} holds no Deployment`);
  return found;
}

/** Returns the Deployment before its correction: with the template of the ReplicaSet that its status describes. */
function withTemplateOf(deployment: KubernetesObject, name: string): KubernetesObject {
  const status = JSON.stringify(deployment['status']);
  const failed = recorded(name).find(({ kind, metadata }) => kind === 'ReplicaSet' && status.includes(metadata.name)); // its pods are named after it
  if (!failed) throw new Error(`${name} tells of no ReplicaSet`);
  expect(text(at(failed, 'spec', 'template', 'metadata', 'labels', 'pod-template-hash'))).toBeDefined();
  return { ...deployment, spec: { ...record(deployment['spec']), template: at(failed, 'spec', 'template') } };
}

/**
 * Returns the health of an application that owns the recorded Deployment, with the ReplicaSets and pods of its
 * controllers.
 */
function judge(objects: readonly KubernetesObject[], more: readonly KubernetesObject[] = []) {
  const own = [...objects.filter(({ kind }) => kind === 'Deployment'), ...more];
  return applicationHealth({
    entries: own.map(keyOf),
    find: finder(objects),
    isWatched: () => true,
    pods: objects.filter(({ kind }) => kind === 'Pod'),
    replicaSets: objects.filter(({ kind }) => kind === 'ReplicaSet'),
    nowMs: Date.parse('2026-11-24T15:23:20Z'),
  });
}

describe('the health of an application', () => {
  it.each([
    ['rollout-crash', 'deployments/container-crashed', /exit code 3/],
    ['rollout-root', 'deployments/runs-as-root', /^x\/web:root runs as root; add runAsUser: 1000$/],
  ] as const)('is final when a pod cannot become ready: %s', (name, code, message) => {
    expect(judge(recorded(name))).toMatchObject({
      state: 'Degraded',
      code,
      final: true,
      message: expect.stringMatching(message),
    });
  });

  it('reports a pod that fits on no node, but is not final, as a node may be added', () => {
    const health = judge(recorded('rollout-huge'));
    expect(health).toMatchObject({ state: 'Degraded', code: 'deployments/no-capacity' });
    expect(health.final).toBeUndefined();
  });

  it('is Degraded because of the new revision while the old one is available', () => {
    expect(judge(recorded('rollout-second-image-missing'))).toMatchObject({
      state: 'Degraded',
      code: 'deployments/image-not-found',
      replicas: { wanted: 2, ready: 2 },
    });
  });

  it('ignores pods of an older revision', () => {
    const objects = recorded('rollout-second-image-missing');
    const [deployment] = objects;
    const pods = deployment
      ? podsOf(deployment, {
          pods: objects.filter(({ kind }) => kind === 'Pod'),
          replicaSets: objects.filter(({ kind }) => kind === 'ReplicaSet'),
        })
      : [];
    expect(pods).toHaveLength(1);
    expect(objects.filter(({ kind }) => kind === 'Pod').length).toBeGreaterThan(1);
  });

  it.each([
    ['a Pod Security violation was corrected', 'rollout-corrected-pod-security'],
    ['an image was corrected and replicas were added', 'rollout-corrected-and-scaled'],
    ['a rollout exceeded its deadline and was rolled back', 'rollout-back-after-deadline-recreate'],
  ] as const)('ignores the failure of the previous revision after %s', (_, name) => {
    expect(healthOf(deploymentOf(name)).state).toMatch(/Degraded|Progressing/);
    expect(judge(recorded(name)).state).toBe('Progressing');
  });

  it('K8.6-16: reports an exceeded quota, but is not final, as old pods may end', () => {
    const health = judge(recorded('rollout-at-quota'));
    expect(health).toMatchObject({
      state: 'Degraded',
      code: 'deployments/quota-limit',
      message: expect.stringContaining('exceeded quota'),
    });
    expect(health.final).toBeUndefined();
  });

  it('is final when the current revision violates Pod Security, or exceeds its deadline', () => {
    const name = 'rollout-corrected-pod-security';
    const before = withTemplateOf(deploymentOf(name), name);
    // The Deployment repeats the condition that the ReplicaSet had.
    const conditions = at(before, 'status', 'conditions');
    const refusing = recorded(name).map((object) =>
      object.kind === 'Deployment'
        ? before
        : at(object, 'spec', 'replicas') === 0
          ? { ...object, status: { conditions } }
          : object,
    );
    expect(judge(refusing)).toMatchObject({ state: 'Degraded', code: 'deployments/pod-security', final: true });
    const late = recorded('rollout-back-after-deadline-recreate').map((object) =>
      object.kind === 'Deployment' ? withTemplateOf(object, 'rollout-back-after-deadline-recreate') : object,
    );
    expect(judge(late)).toMatchObject({ state: 'Degraded', code: 'deployments/rollout-stuck', final: true });
  });

  it('ignores an evicted pod, which its ReplicaSet replaces', () => {
    const objects = recorded('rollout-missing').map((object) =>
      object.kind === 'Pod'
        ? { ...object, status: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on memory.' } }
        : object,
    );
    expect(judge(objects)).toMatchObject({ state: 'Progressing' });
    expect(judge(objects).code).toBeUndefined();
  });

  it('counts no more replicas as ready than desired', () => {
    const objects = recorded('deployment-available').map((object) => ({
      ...object,
      status: { ...record(object['status']), replicas: 3, readyReplicas: 3 },
    }));
    expect(judge(objects).replicas).toEqual({ wanted: 2, ready: 2 });
  });

  it('is Missing when an object of the inventory does not exist', () => {
    const service: KubernetesObject = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'gone', namespace: 'rec' },
    };
    expect(judge(recorded('deployment-available'), [service])).toMatchObject({
      state: 'Missing',
      message: expect.stringContaining('service gone'),
    });
  });

  it('names the missing workload before a budget of disruptions that has lost its pods', () => {
    const budget: KubernetesObject = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'web', namespace: 'rec' },
      status: {
        conditions: [
          {
            type: 'DisruptionAllowed',
            status: 'False',
            reason: 'SyncFailed',
            message: 'found no controllers for pod "web-557b8dffbd-njxv7"',
          },
        ],
      },
    };
    const state = { isWatched: () => true, pods: [], replicaSets: [], nowMs: 0 };
    const workload = { group: 'apps', kind: 'Deployment', namespace: 'rec', name: 'web' };
    const entries = [keyOf(budget), workload];
    expect(applicationHealth({ ...state, entries, find: finder([budget]) })).toMatchObject({
      state: 'Missing',
      message: 'deployment web is missing',
    });
    expect(judge(recorded('deployment-available').concat(budget), [budget])).toMatchObject({
      state: 'Degraded',
      message: expect.stringContaining('found no controllers'),
    });
  });

  it('is the worst health of its objects', () => {
    const objects = [...recorded('deployment-available'), ...recorded('job-failed')];
    expect(judge(objects, recorded('job-failed'))).toMatchObject({ state: 'Degraded', code: 'deployments/job-failed' });
  });

  it('is Healthy when all objects are, and sums replicas over its workloads', () => {
    expect(judge(recorded('deployment-available'))).toMatchObject({
      state: 'Healthy',
      message: '',
      replicas: { wanted: 2, ready: 2 },
    });
  });

  it('use-D6: reports immediately that an image cannot be pulled, but is not final', () => {
    const health = judge(recorded('rollout-missing'));
    expect(health).toMatchObject({ state: 'Degraded', code: 'deployments/image-not-found' });
    expect(health.final).toBeUndefined();
  });

  it('use-D12: names the pod of an earlier revision that blocks a StatefulSet, and the command that deletes it', () => {
    const objects = recorded('statefulset-blocked');
    const own = objects.filter(({ kind }) => kind === 'StatefulSet');
    const health = applicationHealth({
      entries: own.map(keyOf),
      find: finder(objects),
      isWatched: () => true,
      pods: objects.filter(({ kind }) => kind === 'Pod'),
      replicaSets: [],
      nowMs: Date.parse('2026-12-01T02:13:00Z'),
    });
    expect(health).toMatchObject({
      state: 'Degraded',
      code: 'deployments/update-blocked',
      message: expect.stringMatching(
        /^pod\/db-1 crashes: .* keeps the new revision from being rolled out until it is deleted$/,
      ),
      fix: 'kubectl delete pod db-1 -n verdicts',
    });
  });

  it('use-D8: counts a deleted Job as done if it was observed to complete', () => {
    const job = { group: 'batch', kind: 'Job', namespace: 'web', name: 'migrate' };
    const state = { entries: [job], find: () => undefined, isWatched: () => true, pods: [], replicaSets: [], nowMs: 0 };
    expect(applicationHealth(state).state).toBe('Missing');
    expect(applicationHealth({ ...state, isDone: () => true }).state).toBe('Healthy');
  });

  it('is Healthy with a volume claim that no pod uses, since WaitForFirstConsumer binds it only then', () => {
    const claim = recorded('pvc-pending').at(0)!;
    const made = Date.parse(claim.metadata.creationTimestamp ?? '');
    const user: KubernetesObject = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'db-0', namespace: claim.metadata.namespace ?? '' },
      spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: claim.metadata.name } }] },
    };
    const at = (seconds: number, pods: readonly KubernetesObject[]) =>
      applicationHealth({
        entries: [keyOf(claim)],
        find: finder([claim]),
        isWatched: () => true,
        pods,
        replicaSets: [],
        nowMs: made + seconds * 1_000,
      }).state;
    expect(at(10, [])).toBe('Progressing');
    expect(at(61, [])).toBe('Healthy');
    expect(at(61, [user])).toBe('Progressing');
  });
});
