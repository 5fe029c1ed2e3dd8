import { podFailure, type KubernetesObject } from '#kubernetes';
import { podRow, podSelector, replicasText } from './pods.ts';

const pod = (status: object, metadata: object = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', creationTimestamp: '2026-01-01T00:00:00Z', ...metadata },
  spec: { nodeName: 'n1', containers: [{ name: 'a' }, { name: 'b' }] },
  status,
});

describe('a row of the pods table', () => {
  it.each([
    [
      'Running',
      pod({
        phase: 'Running',
        containerStatuses: [
          { ready: true, restartCount: 1, state: { running: {} } },
          { ready: true, restartCount: 2, state: { running: {} } },
        ],
      }),
      '2/2',
      3,
    ],
    [
      'ImagePullBackOff',
      pod({
        phase: 'Pending',
        containerStatuses: [{ ready: false, state: { waiting: { reason: 'ImagePullBackOff' } } }],
      }),
      '0/2',
      0,
    ],
    [
      'OOMKilled',
      pod({
        phase: 'Running',
        containerStatuses: [
          { ready: false, restartCount: 0, state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } },
        ],
      }),
      '0/2',
      0,
    ],
    [
      'Init:CrashLoopBackOff',
      pod({ phase: 'Pending', initContainerStatuses: [{ state: { waiting: { reason: 'CrashLoopBackOff' } } }] }),
      '0/2',
      0,
    ],
    ['Terminating', pod({ phase: 'Running' }, { deletionTimestamp: '2026-01-01T00:00:00Z' }), '0/2', 0],
    ['Evicted', pod({ phase: 'Failed', reason: 'Evicted' }), '0/2', 0],
    [
      'ContainerCreating',
      pod({ phase: 'Pending', containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } } }] }),
      '0/2',
      0,
    ],
  ])('shows %s', (state, object, ready, restarts) =>
    expect(podRow(object, false)).toMatchObject({ name: 'web-1', state, ready, restarts, node: 'n1' }),
  );
});

it('use-D20: a row shows for programs that its pod cannot become ready', () => {
  const waiting = (reason: string) => {
    const containerStatuses = [{ name: 'a', ready: false, state: { waiting: { reason } } }];
    const waitingPod = pod({ phase: 'Pending', containerStatuses });
    return podRow(waitingPod, podFailure(waitingPod) !== undefined);
  };
  expect(waiting('InvalidImageName')).toMatchObject({ failing: true });
  expect(waiting('ContainerCreating')).not.toHaveProperty('failing');
});

describe('pods of a workload', () => {
  it('are selected by all parts of its selector', () =>
    expect(
      podSelector({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web' },
        spec: {
          selector: {
            matchLabels: { app: 'web' },
            matchExpressions: [
              { key: 'tier', operator: 'In', values: ['a', 'b'] },
              { key: 'old', operator: 'DoesNotExist' },
            ],
          },
        },
      }),
    ).toBe('app=web,tier in (a,b),!old'));

  it('are empty for an empty selector, which would select all pods', () =>
    expect(podSelector({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'j' }, spec: {} })).toBeUndefined());

  it('are counted over all workloads', () => {
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'a' },
      spec: { replicas: 3 },
      status: { readyReplicas: 2 },
    };
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'j' }, spec: {} };
    expect(replicasText([deployment, job, { ...deployment, spec: {}, status: {} }])).toBe('2/4');
    expect(replicasText([job])).toBeNull();
  });
});
