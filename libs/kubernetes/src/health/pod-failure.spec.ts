import type { KubernetesObject } from '../objects.ts';
import { podFailure, podHealth } from './pod-failure.ts';

/** Returns a pod with one container in the given state. */
const pod = (
  status: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', ...more },
  status: {
    phase: 'Pending',
    containerStatuses: [{ name: 'web', image: 'x/web:1', ready: false, restartCount: 0, ...status }],
  },
});
const waiting = (reason: string, message = '', more: Readonly<Record<string, unknown>> = {}) =>
  pod({ state: { waiting: { reason, message } }, ...more });
const ended = (reason: string, exitCode: number) => ({ lastState: { terminated: { reason, exitCode } } });

describe('podFailure', () => {
  it.each([
    [
      'a pull that failed once is not final',
      waiting('ErrImagePull', 'manifest unknown'),
      'deployments/image-not-found',
      false,
      'pod/web-1 cannot pull x/web:1 (manifest unknown)',
    ],
    [
      'a pull in back-off',
      waiting('ImagePullBackOff'),
      'deployments/image-not-found',
      false,
      'pod/web-1 cannot pull x/web:1 (ImagePullBackOff)',
    ],
    [
      'a registry that denies access',
      waiting('ImagePullBackOff', 'pull access: unauthorized'),
      'deployments/image-pull-denied',
      false,
      'pod/web-1 cannot pull x/web:1 (unauthorized)',
    ],
    [
      'an invalid image name',
      waiting('InvalidImageName'),
      'deployments/image-name-invalid',
      true,
      'pod/web-1 has an invalid image: x/web:1',
    ],
    [
      'a missing Secret is not final',
      waiting('CreateContainerConfigError', 'secret "db" not found'),
      'deployments/config-missing',
      false,
      'pod/web-1 cannot be configured (secret "db" not found)',
    ],
    [
      'an image that runs as root',
      waiting('CreateContainerConfigError', 'container has runAsNonRoot and image will run as root'),
      'deployments/runs-as-root',
      true,
      'x/web:1 runs as root; add runAsUser: 1000',
    ],
    [
      'a single crash is not a crash loop',
      waiting('CrashLoopBackOff', '', { restartCount: 1, ...ended('Error', 3) }),
      'deployments/container-crashed',
      false,
      'pod/web-1 crashes: exit code 3, 1 restarts',
    ],
    [
      'a crash loop',
      waiting('CrashLoopBackOff', '', { restartCount: 3, ...ended('Error', 3) }),
      'deployments/container-crashed',
      true,
      'pod/web-1 crashes: exit code 3, 3 restarts',
    ],
    [
      'an exceeded memory limit',
      waiting('CrashLoopBackOff', '', { restartCount: 3, ...ended('OOMKilled', 137) }),
      'deployments/out-of-memory',
      true,
      'pod/web-1 exceeded its memory limit (3 restarts)',
    ],
  ] as const)('%s', (_, object, code, final, message) => expect(podFailure(object)).toEqual({ code, final, message }));

  it.each(['ContainerCreating', 'PodInitializing'])('returns nothing while the pod is %s', (reason) =>
    expect(podFailure(waiting(reason))).toBeUndefined(),
  );

  it('returns nothing while the pod is being deleted', () =>
    expect(
      podFailure(
        pod({ state: { waiting: { reason: 'ImagePullBackOff' } } }, { deletionTimestamp: '2026-11-24T15:00:00Z' }),
      ),
    ).toBeUndefined());

  it('use-D13: returns nothing for an init container that succeeded after restarts', () => {
    const initializing = waiting('PodInitializing');
    const init = {
      name: 'init',
      image: 'x/init:1',
      restartCount: 3,
      state: { terminated: { reason: 'Completed', exitCode: 0 } },
      ...ended('Error', 1),
    };
    const status = { ...(initializing['status'] as object), initContainerStatuses: [init] };
    expect(podFailure({ ...initializing, status })).toBeUndefined();
    const failed = { ...init, state: { terminated: { reason: 'Error', exitCode: 7 } } };
    expect(podFailure({ ...initializing, status: { ...status, initContainerStatuses: [failed] } })).toMatchObject({
      code: 'deployments/container-crashed',
      message: 'pod/web-1 crashes: exit code 7, 3 restarts',
    });
  });

  it('use-D6: returns an unbound volume if the scheduler reports it', () => {
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: '0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.',
    };
    const unbound = { ...pod({}), status: { phase: 'Pending', conditions: [condition] } };
    expect(podFailure(unbound)).toMatchObject({ code: 'deployments/volume-not-bound', final: false });
  });

  it('returns failures of init containers first', () => {
    const broken = waiting('PodInitializing');
    const status = {
      ...(broken['status'] as object),
      initContainerStatuses: [
        { name: 'init', image: 'x/init:1', restartCount: 0, state: { waiting: { reason: 'ImagePullBackOff' } } },
      ],
    };
    expect(podFailure({ ...broken, status })?.message).toContain('x/init:1');
  });

  it('makes a failed pod that belongs to the application itself Degraded', () => {
    expect(
      podHealth({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'once' },
        status: { phase: 'Failed', reason: 'Evicted' },
      }),
    ).toMatchObject({
      state: 'Degraded',
      final: true,
    });
  });
});
