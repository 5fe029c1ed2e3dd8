import type { JsonObject } from '#kernel';
import type { Cluster, Controller, EventText, Requeue } from '../controller.ts';
import type { KubeObject } from '../store.ts';
import { conditionIn, conditionsOf, withCondition, type Condition } from './conditions.ts';
import { earliest, stepContainer, type ContainerContext } from './container.ts';
import { at, isDeleting, namespaceOf, numberAt, objectsAt, textAt, timeOf } from './fields.ts';
import { fnv32 } from './hash.ts';
import { KUBELET } from './managers.ts';
import type { NodeLoads } from './node-load.ts';
import { isOwnNode } from './nodes.ts';
import { hasEnded } from './pod-state.ts';
import { configurationProblem, mountProblem } from './pod-inputs.ts';

const STOPS_AFTER_MS = 1_000;
const REMOUNT_MS = 5_000;

/**
 * Simulates the kubelet: containers start, become ready, fail, and exit by the rules of their images. No container
 * runs.
 */
export function kubelet(loads: NodeLoads): Controller {
  return {
    name: 'kubelet',
    watches: [
      {
        resource: 'pods',
        keys: ({ type, key, object }) =>
          type !== 'DELETED' && isOwnNode(textAt(object, 'spec', 'nodeName')) ? [key] : [],
      },
    ],
    reconcile(key, cluster) {
      const pod = cluster.store.get(key);
      if (!pod || !isOwnNode(textAt(pod, 'spec', 'nodeName'))) return undefined;
      if (isDeleting(pod)) return stop(pod, cluster);
      return hasEnded(pod) ? undefined : run(pod, loads, cluster);
    },
  };
}

/** Stops a pod in one second, or in its grace period if that is shorter, and removes it. */
function stop(pod: KubeObject, cluster: Cluster): Requeue | undefined {
  const graceMs = (pod.metadata.deletionGracePeriodSeconds ?? 0) * 1000;
  const due = timeOf(pod.metadata.deletionTimestamp) - graceMs + Math.min(graceMs, STOPS_AFTER_MS);
  const now = cluster.clock.now();
  if (now < due) return { afterMs: due - now };
  for (const status of objectsAt(pod, 'status', 'containerStatuses').filter(
    (container) => at(container, 'state', 'running') !== undefined,
  )) {
    const name = textAt(status, 'name') ?? '';
    cluster.recordEvent(pod, {
      type: 'Normal',
      reason: 'Killing',
      message: `Stopping container ${name}`,
      component: KUBELET,
      fieldPath: `spec.containers{${name}}`,
    });
  }
  cluster.delete(
    { resource: 'pods', namespace: namespaceOf(pod), name: pod.metadata.name },
    { graceSeconds: 0, uid: pod.metadata.uid },
  );
  return undefined;
}

interface Steps {
  readonly statuses: readonly JsonObject[];
  readonly nextMs: number | undefined;
}

function run(pod: KubeObject, loads: NodeLoads, cluster: Cluster): Requeue | undefined {
  const nowMs = cluster.clock.now();
  const now = cluster.timestamp();
  const startTime = textAt(pod, 'status', 'startTime') ?? now;
  const said: EventText[] = [];
  const say = (event: Omit<EventText, 'component'>) => said.push({ ...event, component: KUBELET });
  const mount = mountProblem(pod, cluster.store);
  const shown = textAt(conditionIn(conditionsOf(pod.status), 'PodReadyToStartContainers'), 'message');
  if (mount !== undefined && shown !== mount) say({ type: 'Warning', reason: 'FailedMount', message: mount });
  const base = {
    nowMs,
    now,
    startMs: mount === undefined ? timeOf(startTime) : Infinity,
    pod: `${pod.metadata.name}_${namespaceOf(pod)}(${pod.metadata.uid})`,
    event: say,
  };
  const init = stepInit(pod, base, cluster);
  const main = stepMain(pod, base, cluster, init);
  const ip =
    textAt(pod, 'status', 'podIP') ??
    (mount === undefined && nowMs >= timeOf(startTime) + 1_000
      ? loads.address(fnv32(pod.metadata.uid), cluster.store)
      : undefined);
  const status: JsonObject = {
    ...pod.status,
    phase: phase(main.statuses, init, pod),
    conditions: conditions(pod, { init: init.done, main: main.statuses, mount, now }),
    hostIP: '127.0.0.1',
    hostIPs: [{ ip: '127.0.0.1' }],
    ...(ip !== undefined && { podIP: ip, podIPs: [{ ip }] }),
    startTime,
    ...(init.statuses.length > 0 && { initContainerStatuses: init.statuses }),
    containerStatuses: main.statuses,
  };
  cluster.updateStatus({ ...pod, status }, KUBELET);
  for (const event of said) cluster.recordEvent(pod, event);
  const next = earliest(
    [init.nextMs, main.nextMs, mount === undefined ? undefined : nowMs + REMOUNT_MS].filter(
      (time) => time !== Infinity,
    ),
  );
  return next === undefined ? undefined : { afterMs: Math.max(1, next - nowMs) };
}

type Base = Pick<ContainerContext, 'nowMs' | 'now' | 'startMs' | 'pod' | 'event'>;

const policyOf = (pod: KubeObject): ContainerContext['restartPolicy'] => {
  const policy = textAt(pod, 'spec', 'restartPolicy');
  return policy === 'Never' || policy === 'OnFailure' ? policy : 'Always';
};

/**
 * Runs init containers one after another. One with restartPolicy Always is a sidecar: the next one starts when it runs.
 */
function stepInit(
  pod: KubeObject,
  base: Base,
  cluster: Cluster,
): Steps & { readonly done: boolean; readonly failed: boolean } {
  const statuses: JsonObject[] = [];
  const nexts: (number | undefined)[] = [];
  let [done, failed] = [true, false];
  for (const container of objectsAt(pod, 'spec', 'initContainers')) {
    const sidecar = container['restartPolicy'] === 'Always';
    const restartPolicy = sidecar ? 'Always' : policyOf(pod) === 'Never' ? 'Never' : 'OnFailure';
    const stored = objectsAt(pod, 'status', 'initContainerStatuses').find(({ name }) => name === container['name']);
    const problem = configurationProblem(pod, container, base.pod, cluster.store);
    const step = stepContainer(container, stored, { ...base, restartPolicy, task: !sidecar, held: !done, problem });
    const finished = sidecar
      ? step.status['started'] === true
      : numberAt(step.status, 'state', 'terminated', 'exitCode') === 0;
    failed ||= !sidecar && (numberAt(step.status, 'state', 'terminated', 'exitCode') ?? 0) !== 0;
    statuses.push(sidecar ? step.status : { ...step.status, ready: finished });
    nexts.push(step.nextMs);
    done &&= finished;
  }
  return { statuses, nextMs: earliest(nexts), done, failed };
}

function stepMain(pod: KubeObject, base: Base, cluster: Cluster, init: { readonly done: boolean }): Steps {
  const task = policyOf(pod) !== 'Always';
  const steps = objectsAt(pod, 'spec', 'containers').map((container) => {
    const stored = objectsAt(pod, 'status', 'containerStatuses').find(({ name }) => name === container['name']);
    const problem = configurationProblem(pod, container, base.pod, cluster.store);
    return stepContainer(container, stored, { ...base, restartPolicy: policyOf(pod), task, held: !init.done, problem });
  });
  return { statuses: steps.map(({ status }) => status), nextMs: earliest(steps.map(({ nextMs }) => nextMs)) };
}

function phase(main: readonly JsonObject[], init: { readonly failed: boolean }, pod: KubeObject): string {
  if (init.failed && policyOf(pod) === 'Never') return 'Failed';
  const codes = main.map((status) => numberAt(status, 'state', 'terminated', 'exitCode'));
  if (codes.length > 0 && codes.every((code) => code !== undefined))
    return codes.every((code) => code === 0) ? 'Succeeded' : 'Failed';
  const started = main.every(
    (status) =>
      at(status, 'state', 'waiting') === undefined ||
      textAt(status, 'state', 'waiting', 'reason') === 'CrashLoopBackOff',
  );
  return started ? 'Running' : 'Pending';
}

interface Observed {
  readonly init: boolean;
  readonly main: readonly JsonObject[];
  readonly mount: string | undefined;
  readonly now: string;
}

function conditions(pod: KubeObject, { init, main, mount, now }: Observed): readonly JsonObject[] {
  const names = (which: (status: JsonObject) => boolean): string =>
    `[${main
      .filter(which)
      .map((status) => textAt(status, 'name'))
      .join(' ')}]`;
  const ready = main.length > 0 && main.every((status) => status['ready'] === true);
  const over = main.every((status) => numberAt(status, 'state', 'terminated', 'exitCode') === 0);
  const notReady = over
    ? { reason: 'PodCompleted' }
    : {
        reason: 'ContainersNotReady',
        message: `containers with unready status: ${names((status) => status['ready'] !== true)}`,
      };
  const readyState = ready ? { status: 'True' as const } : { status: 'False' as const, ...notReady };
  const waiting = objectsAt(pod, 'spec', 'initContainers').map((container) => textAt(container, 'name'));
  const all: readonly Condition[] = [
    {
      type: 'PodReadyToStartContainers',
      status: mount === undefined ? 'True' : 'False',
      ...(mount !== undefined && { reason: 'FailedMount', message: mount }),
    },
    {
      type: 'Initialized',
      ...(init
        ? { status: 'True' }
        : {
            status: 'False',
            reason: 'ContainersNotInitialized',
            message: `containers with incomplete status: [${waiting.join(' ')}]`,
          }),
    },
    { type: 'Ready', ...readyState },
    { type: 'ContainersReady', ...readyState },
    { type: 'PodScheduled', status: 'True' },
  ];
  return all.reduce<readonly JsonObject[]>(
    (list, condition) => withCondition(list, condition, now),
    conditionsOf(pod.status),
  );
}
