import { pause, type Clock, type Ids } from '#kernel';
import { KubernetesUnreachableError, type Discovery, type KubernetesClient } from '../client.ts';
import { TYPES } from '../discovery.ts';
import {
  at,
  keyOf,
  keyText,
  list,
  number,
  text,
  type KubernetesObject,
  type ObjectKey,
  type ResourceType,
} from '../objects.ts';
import { APPLICATION_LABEL } from '../ownership.ts';
import type { InventoryEntry } from '../plan.types.ts';
import { isClosed, reflect, type ObjectChange, type Reflection, type ReflectOptions } from '../reflector.ts';
import { applicationHealth, finder, type LiveState } from './application-health.ts';
import { conditionOf } from './conditions.ts';
import { FailureTracker } from './failure-tolerance.ts';
import type { KindHealth } from './health-rules.ts';
import type { ApplicationHealth } from './health.types.ts';

export interface WaitOptions {
  readonly entries: readonly InventoryEntry[];
  /** Rules of the cluster for kinds of its own; none by default. */
  readonly kinds?: readonly KindHealth[] | undefined;
  /** Milliseconds until the last state is returned, whatever it is. */
  readonly deadlineMs: number;
  /** Called for each change of state or message, and awaited before the next check. */
  readonly onProgress?: (health: ApplicationHealth) => void | Promise<void>;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Ends the wait at the first failure. */
  readonly failFast?: boolean;
  /** Whether Jobs and pods must complete, as hooks do. A pod that only runs, or a suspended Job, is not sufficient. */
  readonly toCompletion?: boolean;
  /** Factor of the times in `GIVE_UP`; 1 by default. Tests reduce it. */
  readonly toleranceScale?: number;
  /**
   * Milliseconds for which workloads without `minReadySeconds` must stay healthy, since a pod in a crash loop is
   * briefly ready. 2,000 by default.
   */
  readonly stableMs?: number;
}

/** Kinds that are healthy once they are applied. */
const IGNORED_KINDS = new Set([
  'ConfigMap',
  'Secret',
  'ServiceAccount',
  'Role',
  'RoleBinding',
  'ClusterRole',
  'ClusterRoleBinding',
  'NetworkPolicy',
  'LimitRange',
  'ResourceQuota',
  'StorageClass',
  'PriorityClass',
  'IngressClass',
  'Namespace',
]);
/** Milliseconds between checks without a change, for rules that depend on time. */
const POLL_MS = 1_000;
const STABLE_MS = 2_000;

/**
 * Waits until all objects of an application are healthy, one has failed permanently, or the deadline has passed.
 * @throws KubernetesUnreachableError `aborted` if the signal aborts, `closed` if the client is closed, and errors of
 * the first lists
 */
export async function waitForHealth(
  client: KubernetesClient,
  {
    entries,
    kinds,
    deadlineMs,
    onProgress,
    signal,
    clock,
    ids,
    failFast = false,
    toCompletion = false,
    toleranceScale = 1,
    stableMs = STABLE_MS,
  }: WaitOptions,
): Promise<ApplicationHealth> {
  const watched = entries.filter(({ key }) => !IGNORED_KINDS.has(key.kind));
  if (watched.length === 0) return { state: 'Healthy', message: '', objects: [], replicas: { wanted: 0, ready: 0 } };
  const until = clock.monotonic() + deadlineMs;
  const stop = new AbortController();
  const ended = AbortSignal.any([signal, stop.signal]);
  const changes = createSignal(clock);
  try {
    let closed: unknown;
    const onFault = (error: unknown) => {
      if (!isClosed(error)) return;
      closed = error;
      changes.notify();
    };
    const copies = await copiesOf(client, watched, { signal: ended, clock, ids, onChange: changes.notify, onFault });
    const tracker = new FailureTracker({ failFast, scale: toleranceScale });
    let healthySince: number | undefined;
    let reported = '';
    for (;;) {
      if (signal.aborted) throw new KubernetesUnreachableError('aborted', 'waiting was canceled', false);
      if (closed) throw closed;
      const health = currentHealth(entries, copies, { nowMs: clock.now(), toCompletion, kinds });
      if (onProgress && `${health.state} ${health.message}` !== reported) {
        reported = `${health.state} ${health.message}`;
        await onProgress(health);
      }
      const now = clock.monotonic();
      if (health.final === true) return health;
      const isHealthy = health.state === 'Healthy' || (health.state === 'Suspended' && !toCompletion);
      healthySince = isHealthy ? (healthySince ?? now) : undefined;
      // At the deadline, healthy is sufficient, even if it was not stable for long enough.
      if (healthySince !== undefined && (now - healthySince >= stableMs || now >= until || !mayCrashAfterReady(copies)))
        return health;
      tracker.recordPulls(pullsOf(copies));
      const failure = tracker.shouldFail(health.code, now);
      if (failure) return { ...health, message: withWait(health.message, failure.waited), final: true };
      if (now >= until) return health;
      const stableInMs = healthySince === undefined ? Number.POSITIVE_INFINITY : healthySince + stableMs - now;
      await changes.next(Math.min(POLL_MS, until - now, stableInMs), signal);
    }
  } finally {
    stop.abort();
  }
}

interface Copies {
  /** Jobs and pods that were observed to complete, by `keyText`. One with a TTL may be deleted before the next check. */
  readonly done: Set<string>;
  readonly byKind: ReadonlyMap<string, Reflection>;
  readonly pods: Reflection;
  readonly replicaSets: Reflection;
}

const hasCompleted = (object: KubernetesObject): boolean =>
  object.kind === 'Pod'
    ? at(object, 'status', 'phase') === 'Succeeded'
    : object.kind === 'Job' && conditionOf(object, 'Complete')?.status === 'True';

const kindText = ({ group, kind }: Pick<ObjectKey, 'group' | 'kind'>): string => `${group}/${kind}`;

/** Opens reflections of all required kinds in the application's namespaces, and waits until each has its first list. */
async function copiesOf(
  client: KubernetesClient,
  entries: readonly InventoryEntry[],
  following: Pick<ReflectOptions, 'signal' | 'clock' | 'ids' | 'onChange' | 'onFault'>,
): Promise<Copies> {
  const { signal } = following;
  const discovery = await client.discovery({ signal });
  const [namespace, ...others] = new Set(entries.flatMap(({ key }) => key.namespace ?? []));
  const labelSelector = await selector(client, entries, discovery, signal);
  const done = new Set(entries.flatMap(({ key, job }) => (job?.done === true ? [keyText(key)] : [])));
  const onObject = ({ before, after }: ObjectChange) => {
    const object = after ?? before;
    if (object && hasCompleted(object)) done.add(keyText(keyOf(object)));
  };
  const labelled = { ...following, onObject, ...(labelSelector !== undefined && { labelSelector }) };
  const options = { ...labelled, ...(namespace !== undefined && others.length === 0 && { namespace }) };
  const types = new Map<string, ResourceType>();
  for (const { key, apiVersion } of entries) {
    const type = discovery.find(apiVersion, key.kind) ?? discovery.preferred(key.group, key.kind);
    if (type) types.set(kindText(key), type);
  }
  const byKind = new Map(
    [...types].map(([kind, type]) => [kind, reflect(client, type, type.namespaced ? options : labelled)] as const),
  );
  const pods = byKind.get('/Pod') ?? reflect(client, TYPES.pod, options);
  const replicaSets = byKind.get('apps/ReplicaSet') ?? reflect(client, TYPES.replicaSet, options);
  await Promise.all([...byKind.values(), pods, replicaSets].map(({ synced }) => synced));
  return { done, byKind, pods, replicaSets };
}

/**
 * Returns the selector of the application's label, which all of its objects and pods have. Reads the label from one of
 * them.
 */
async function selector(
  client: KubernetesClient,
  entries: readonly InventoryEntry[],
  discovery: Discovery,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const { key, apiVersion } of entries) {
    const type = discovery.find(apiVersion, key.kind);
    const live = type && (await client.get(type, key.name, key.namespace, { signal }));
    const id = live?.metadata.labels?.[APPLICATION_LABEL];
    if (id !== undefined) return `${APPLICATION_LABEL}=${id}`;
  }
  return undefined;
}

function currentHealth(
  entries: readonly InventoryEntry[],
  { byKind, pods, replicaSets, done }: Copies,
  about: Pick<LiveState, 'nowMs' | 'toCompletion' | 'kinds'>,
): ApplicationHealth {
  const objects: KubernetesObject[] = [...byKind.values()].flatMap((copy) => [...copy.objects.values()]);
  return applicationHealth({
    entries: entries.map(({ key }) => key),
    find: finder(objects),
    isWatched: (key) => byKind.has(kindText(key)) && !IGNORED_KINDS.has(key.kind),
    isDone: (key) => done.has(keyText(key)),
    pods: [...pods.objects.values()],
    replicaSets: [...replicaSets.objects.values()],
    ...about,
  });
}

/** Returns the waiting reasons of image pulls, by pod and container. */
function pullsOf({ pods }: Copies): ReadonlyMap<string, string> {
  const waiting = new Map<string, string>();
  for (const pod of pods.objects.values())
    for (const member of ['initContainerStatuses', 'containerStatuses'])
      for (const status of list(at(pod, 'status', member))) {
        const reason = text(at(status, 'state', 'waiting', 'reason'));
        if (reason === 'ErrImagePull' || reason === 'ImagePullBackOff')
          waiting.set(`${pod.metadata.name}/${String(at(status, 'name'))}`, reason);
      }
  return waiting;
}

/** Appends the wait to a message: `cannot pull x/web:1 (manifest unknown, 3 tries, 60 s)`. */
const withWait = (message: string, waited: string): string => {
  if (waited === '') return message;
  return message.endsWith(')') ? `${message.slice(0, -1)}, ${waited})` : `${message} (${waited})`;
};

/**
 * Returns whether pods of a workload count as available as soon as they are ready. A readiness probe does not prove
 * that a program keeps running: one that opens its port and then crashes passes it briefly. If `minReadySeconds` is
 * set, the cluster waits.
 */
const mayCrashAfterReady = ({ byKind }: Copies): boolean =>
  ['apps/Deployment', 'apps/StatefulSet', 'apps/DaemonSet'].some((kind) =>
    [...(byKind.get(kind)?.objects.values() ?? [])].some(
      (workload) => (number(at(workload, 'spec', 'minReadySeconds')) ?? 0) === 0,
    ),
  );

/** Notifies one waiter of changes since its last check. */
function createSignal(clock: Clock) {
  let changed = false;
  let notifyWaiter = () => {};
  return {
    notify: () => {
      changed = true;
      notifyWaiter();
    },
    async next(withinMs: number, signal: AbortSignal): Promise<void> {
      const notified = new AbortController();
      notifyWaiter = () => setImmediate(() => notified.abort()); // combines changes that arrive together
      if (changed) notifyWaiter();
      await pause(clock, withinMs, AbortSignal.any([signal, notified.signal]));
      notifyWaiter = () => {};
      changed = false;
    },
  };
}
