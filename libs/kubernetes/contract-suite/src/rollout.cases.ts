import type { Json, JsonObject } from '#kernel';
import {
  apply,
  at,
  container,
  deployment,
  get,
  jsonPatch,
  merge,
  of,
  post,
  put,
  remove,
  silent,
  strategic,
  type Case,
  type Step,
} from '#sandbox-cluster/cases';
import {
  conditions,
  has,
  hasOne,
  isRolledOut,
  items,
  part,
  podsShown,
  hasCondition,
  setsShown,
  workloadShown,
} from './shown.ts';

const rollout = (name: string, ...steps: Case['steps']): Case => ({ area: 'rollout', name, steps });

const web = `${at.deployments}/web`;
const DEFAULTS = { replicas: 2 };
const create = (parts: Parameters<typeof deployment>[1] = {}): Step =>
  silent(post(at.deployments, deployment('web', { ...parts, spec: { ...DEFAULTS, ...parts.spec } })));
const done = (more: Partial<Step> = {}): Step => get(web, { until: isRolledOut, only: workloadShown, ...more });
const settled: Step = silent(done());
const rolledOut: Step = get(web, { until: isRolledOut });
const sets: Step = get(at.replicasets, { only: setsShown });
const pods: Step = get(at.pods, { only: podsShown });
const image = (tag: string): Step =>
  strategic(web, {
    spec: { template: { spec: { containers: [{ name: 'web', image: `registry.example/web:${tag}` }] } } },
  });
const to = (tag: string): readonly Step[] => [silent(image(tag)), settled];
const status = (test: (body: JsonObject) => boolean): Step => get(web, { until: test, only: workloadShown });
const count = (body: Json, name: string): Json => part(body, 'status', name) ?? 0;
const setSizes = (body: JsonObject): Json => items(body).map((set) => part(set, 'spec', 'replicas') ?? null);

/**
 * What the controllers of a Deployment write, from the first pod to a rollback. Responses are compared once the rollout
 * has settled.
 */
export const rolloutCases: readonly Case[] = [
  rollout('a first rollout', create(), done(), sets, pods),
  rollout('everything about a Deployment that is done', create(), rolledOut),
  rollout(
    'everything about its ReplicaSet',
    create(),
    settled,
    get(at.replicasets, { only: (body) => items(body)[0] ?? null }),
  ),
  rollout('none asked for', create({ spec: { replicas: 0 } }), done(), sets, pods),
  rollout(
    'labels and annotations of the template',
    create({
      metadata: {
        annotations: { 'example.com/a': '1', 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
        labels: { tier: 'front' },
      },
    }),
    done(),
    sets,
  ),
  rollout('a new image', create(), settled, silent(image('2')), done(), sets, pods),
  rollout('three images one after another', create(), settled, ...to('2'), silent(image('3')), done(), sets),
  rollout('back to the first image', create(), settled, ...to('2'), silent(image('1')), done(), sets),
  rollout('back and forth', create(), settled, ...to('2'), ...to('1'), silent(image('2')), done(), sets),
  rollout('a change that is none', create(), settled, image('1'), done(), sets),
  rollout(
    'annotations of the Deployment reach its newest set',
    create(),
    settled,
    silent(merge(web, { metadata: { annotations: { 'example.com/a': '1', 'kubernetes.io/change-cause': 'why' } } })),
    done(),
    get(at.replicasets, {
      until: hasOne((set) => part(set, 'metadata', 'annotations', 'example.com/a') === '1'),
      only: setsShown,
    }),
  ),
  rollout(
    'a restart by annotation',
    create(),
    settled,
    silent(
      strategic(web, {
        spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } } } },
      }),
    ),
    done(),
    sets,
  ),
  rollout(
    'an environment variable more',
    create(),
    settled,
    silent(
      jsonPatch(web, [{ op: 'add', path: '/spec/template/spec/containers/0/env', value: [{ name: 'A', value: 'b' }] }]),
    ),
    done(),
    sets,
    pods,
  ),
  rollout(
    'a history that is cut',
    create({ spec: { revisionHistoryLimit: 1 } }),
    settled,
    ...to('2'),
    ...to('3'),
    silent(get(at.replicasets, { until: has(2) })),
    sets,
  ),
  rollout(
    'no history',
    create({ spec: { revisionHistoryLimit: 0 } }),
    settled,
    ...to('2'),
    silent(get(at.replicasets, { until: has(1) })),
    sets,
  ),
  rollout('more replicas', create(), settled, silent(merge(web, { spec: { replicas: 4 } })), done(), sets, pods),
  rollout(
    'fewer replicas',
    create({ spec: { replicas: 3 } }),
    settled,
    silent(merge(web, { spec: { replicas: 1 } })),
    done(),
    sets,
    silent(get(at.pods, { until: has(1) })),
    pods,
  ),
  rollout(
    'down to nothing and up again',
    create(),
    settled,
    silent(merge(web, { spec: { replicas: 0 } })),
    done(),
    silent(get(at.pods, { until: has(0) })),
    pods,
    silent(merge(web, { spec: { replicas: 1 } })),
    done(),
    pods,
  ),
  rollout(
    'its scale',
    create(),
    settled,
    get(`${web}/scale`),
    merge(`${web}/scale`, { spec: { replicas: 3 } }),
    done(),
    get(`${web}/scale`),
    rolledOut,
  ),
  rollout(
    'a scale that is refused',
    create(),
    settled,
    merge(`${web}/scale`, { spec: { replicas: -1 } }),
    get(`${at.deployments}/none/scale`),
    put(`${at.deployments}/web/scale`.replace('/web/scale', ''), deployment('none')),
  ),
  rollout(
    'paused before a change',
    create(),
    settled,
    silent(merge(web, { spec: { paused: true } })),
    status(
      (body) =>
        hasCondition(body, 'Progressing', 'Unknown', 'DeploymentPaused') && count(body, 'observedGeneration') === 2,
    ),
    silent(image('2')),
    status((body) => count(body, 'observedGeneration') === 3 && count(body, 'updatedReplicas') === 0),
    sets,
    silent(merge(web, { spec: { paused: null } })),
    done(),
    sets,
  ),
  rollout(
    'paused from the start',
    create({ spec: { paused: true } }),
    status((body) => hasCondition(body, 'Progressing', 'Unknown', 'DeploymentPaused') && conditions(body).length === 2),
    sets,
    pods,
    silent(merge(web, { spec: { paused: false } })),
    done(),
    sets,
  ),
  rollout(
    'scaled while paused',
    create(),
    settled,
    silent(merge(web, { spec: { paused: true } })),
    silent(status((body) => hasCondition(body, 'Progressing', 'Unknown', 'DeploymentPaused'))),
    silent(merge(web, { spec: { replicas: 4 } })),
    done(),
    sets,
  ),
  rollout(
    'all at once',
    create({ spec: { strategy: { type: 'Recreate' } } }),
    done(),
    silent(image('2')),
    done(),
    sets,
    pods,
  ),
  rollout(
    'from rolling to all at once',
    create(),
    settled,
    silent(merge(web, { spec: { strategy: { type: 'Recreate', rollingUpdate: null } } })),
    ...to('2'),
    done(),
    sets,
  ),
  rollout(
    'one more and none less',
    create({ spec: { replicas: 3, strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } } }),
    settled,
    ...to('2'),
    done(),
    sets,
  ),
  rollout(
    'none more and one less',
    create({ spec: { replicas: 3, strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } } }),
    settled,
    ...to('2'),
    done(),
    sets,
  ),
  rollout(
    'shares of replicas',
    create({ spec: { replicas: 4, strategy: { rollingUpdate: { maxSurge: '50%', maxUnavailable: '50%' } } } }),
    settled,
    sets,
    ...to('2'),
    done(),
    get(at.replicasets, { only: (body) => [...(setSizes(body) as readonly number[])].sort() }),
  ),
  rollout('a wait before a pod counts', create({ spec: { minReadySeconds: 1 } }), done(), sets),
  rollout(
    'a pod that never gets ready',
    create({ web: { image: 'sandbox.invalid/app:unready' } }),
    status((body) => count(body, 'updatedReplicas') === 2 && conditions(body).length === 2),
    sets,
  ),
  rollout(
    'a new image that is missing',
    create(),
    settled,
    silent(
      strategic(web, {
        spec: { template: { spec: { containers: [{ name: 'web', image: 'sandbox.invalid/app:missing' }] } } },
      }),
    ),
    status(
      (body) =>
        count(body, 'updatedReplicas') === 1 &&
        count(body, 'observedGeneration') === 2 &&
        hasCondition(body, 'Progressing', 'True', 'ReplicaSetUpdated'),
    ),
    sets,
    ...to('3'),
    done(),
    sets,
  ),
  rollout(
    'a deadline that passes',
    create({ spec: { progressDeadlineSeconds: 2 }, web: { image: 'sandbox.invalid/app:missing' } }),
    status((body) => hasCondition(body, 'Progressing', 'False')),
    silent(image('2')),
    done(),
    sets,
  ),
  rollout(
    'a deadline that passes beside pods that serve',
    create({ spec: { progressDeadlineSeconds: 2 } }),
    settled,
    silent(
      strategic(web, {
        spec: { template: { spec: { containers: [{ name: 'web', image: 'sandbox.invalid/app:unready' }] } } },
      }),
    ),
    status((body) => hasCondition(body, 'Progressing', 'False')),
    sets,
  ),
  rollout(
    'scaled in the middle',
    create({ spec: { replicas: 4 } }),
    settled,
    silent(
      strategic(web, {
        spec: { template: { spec: { containers: [{ name: 'web', image: 'sandbox.invalid/app:unready' }] } } },
      }),
    ),
    silent(
      get(at.replicasets, {
        until: (body) => JSON.stringify(setSizes(body)).includes('2') && JSON.stringify(setSizes(body)).includes('3'),
      }),
    ),
    silent(merge(web, { spec: { replicas: 8 } })),
    status(
      (body) =>
        count(body, 'observedGeneration') === 3 &&
        count(body, 'replicas') === 10 &&
        count(body, 'availableReplicas') === 6 &&
        count(body, 'terminatingReplicas') === 0,
    ),
    sets,
  ),
  rollout(
    'a quota that is full',
    silent(post(at.quotas, of('v1', 'ResourceQuota', 'plan', { spec: { hard: { pods: '1' } } }))),
    silent(get(`${at.quotas}/plan`, { until: (body) => part(body, 'status', 'used', 'pods') !== undefined })),
    create(),
    status((body) => hasCondition(body, 'ReplicaFailure') && count(body, 'availableReplicas') === 1),
    pods,
  ),
  rollout(
    'a quota that wants requests',
    silent(
      post(
        at.quotas,
        of('v1', 'ResourceQuota', 'plan', { spec: { hard: { 'requests.cpu': '1', 'limits.memory': '1Gi' } } }),
      ),
    ),
    silent(get(`${at.quotas}/plan`, { until: (body) => part(body, 'status', 'used', 'requests.cpu') !== undefined })),
    create(),
    status((body) => hasCondition(body, 'ReplicaFailure')),
  ),
  rollout(
    'a ServiceAccount that is missing',
    create({ podSpec: { serviceAccountName: 'ghost' } }),
    status((body) => hasCondition(body, 'ReplicaFailure')),
  ),
  rollout(
    'status that somebody else writes',
    create({ spec: { replicas: 0 } }),
    settled,
    { ...put(at.deployments, deployment('web'), '', { only: workloadShown }), path: `${web}/status?fieldManager=case` },
    done(),
  ),
  rollout(
    'a second owner of replicas',
    silent(apply(at.deployments, deployment('web', { spec: { replicas: 2 } }))),
    settled,
    merge(`${web}/scale`, { spec: { replicas: 3 } }),
    apply(at.deployments, deployment('web', { spec: { replicas: 2 } })),
    rolledOut,
  ),
  rollout(
    'two containers',
    create({ podSpec: { containers: [container(), container({ name: 'side', image: 'registry.example/side:1' })] } }),
    done(),
    pods,
  ),
  rollout(
    'deleted and made again',
    create(),
    settled,
    silent(remove(web)),
    silent(get(at.pods, { until: has(0) })),
    create(),
    done(),
    sets,
  ),
];
