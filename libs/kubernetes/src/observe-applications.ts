import { pause, type Clock, type Ids } from '#kernel';
import { KubernetesUnreachableError, type KubernetesClient } from './client.ts';
import { applicationHealth, finder } from './health/application-health.ts';
import type { ApplicationHealth } from './health/health.types.ts';
import { inventoryName } from './inventory-fence.ts';
import { at, isRecord, text, type KubernetesObject, type ObjectKey } from './objects.ts';
import { APPLICATION_LABEL } from './ownership.ts';
import { isClosed, reflect, type Reflection } from './reflector.ts';

export interface ObserveOptions {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Called with each application's present health when anything of it may have changed; many changes at once are one call. */
  readonly onHealth: (applicationId: string, health: ApplicationHealth, attempt: number | undefined) => void;
  readonly onFault?: (error: unknown) => void;
}

/** Kinds whose health changes by itself. Others are well once they are there. */
const KINDS: readonly (readonly [group: string, kind: string])[] = [
  ['', 'ConfigMap'],
  ['', 'Pod'],
  ['apps', 'ReplicaSet'],
  ['apps', 'Deployment'],
  ['apps', 'StatefulSet'],
  ['apps', 'DaemonSet'],
  ['batch', 'Job'],
  ['batch', 'CronJob'],
  ['', 'Service'],
  ['', 'PersistentVolumeClaim'],
  ['networking.k8s.io', 'Ingress'],
  ['autoscaling', 'HorizontalPodAutoscaler'],
];
/** What changes within this time is folded once. */
const GATHER_MS = 100;
/** Looked at again after so long without a change: for rules that count time. */
const LOOK_AGAIN_MS = 5_000;

/**
 * Follows everything on a cluster that carries our label, and folds it to the health of each application whose inventory
 * lies there. Settles when the signal ends it; rejects when the cluster cannot be asked at the start, and when the client is closed.
 */
export async function observeApplications(
  client: KubernetesClient,
  { signal, clock, ids, onHealth, onFault }: ObserveOptions,
): Promise<void> {
  const discovery = await client.discovery({ signal });
  const stop = new AbortController();
  const ended = AbortSignal.any([signal, stop.signal]);
  let wake = () => {};
  let changed = true;
  let closed: KubernetesUnreachableError | undefined;
  const options = {
    signal: ended,
    clock,
    ids,
    labelSelector: APPLICATION_LABEL,
    onChange: () => {
      changed = true;
      wake();
    },
    onFault: (error: unknown) => {
      onFault?.(error);
      if (!isClosed(error)) return;
      closed = error; // waiting helps no more: whoever closed the client has another one
      wake();
    },
  };
  const copies = new Map<string, Reflection>();
  for (const [group, kind] of KINDS) {
    const type = discovery.preferred(group, kind);
    if (type) copies.set(`${group}/${kind}`, reflect(client, type, options));
  }
  try {
    await Promise.all([...copies.values()].map(({ whole }) => whole));
    while (!signal.aborted) {
      if (closed) throw closed;
      if (changed) await pause(clock, GATHER_MS, signal);
      changed = false;
      fold(copies, clock.now(), onHealth);
      if (changed || closed || signal.aborted) continue; // nothing would wake it any more
      const woken = new AbortController();
      wake = () => woken.abort();
      await pause(clock, LOOK_AGAIN_MS, AbortSignal.any([signal, woken.signal]));
    }
  } finally {
    stop.abort();
    await Promise.all([...copies.values()].map(({ ended: gone }) => gone));
  }
}

function fold(copies: ReadonlyMap<string, Reflection>, nowMs: number, onHealth: ObserveOptions['onHealth']): void {
  const byApplication = new Map<string, KubernetesObject[]>();
  for (const copy of copies.values()) {
    for (const object of copy.objects.values()) {
      const id = object.metadata.labels?.[APPLICATION_LABEL];
      if (id === undefined) continue;
      const known = byApplication.get(id);
      if (known) known.push(object);
      else byApplication.set(id, [object]);
    }
  }
  for (const [applicationId, objects] of byApplication) {
    const inventory = objects.find(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === inventoryName(applicationId),
    );
    if (!inventory || inventory.metadata.deletionTimestamp !== undefined) continue;
    const attempt = Number(at(inventory, 'data', 'attempt'));
    const health = applicationHealth({
      entries: entriesOf(inventory),
      find: finder(objects),
      isWatched: ({ group, kind }) => kind !== 'ConfigMap' && copies.has(`${group}/${kind}`),
      pods: objects.filter(({ kind }) => kind === 'Pod'),
      replicaSets: objects.filter(({ kind }) => kind === 'ReplicaSet'),
      nowMs,
    });
    onHealth(applicationId, health, Number.isInteger(attempt) ? attempt : undefined);
  }
}

/** What an inventory object says should be there; entries that a person broke are passed over. */
function entriesOf(inventory: KubernetesObject): readonly ObjectKey[] {
  let listed: unknown;
  try {
    listed = JSON.parse(text(at(inventory, 'data', 'inventory')) ?? '[]');
  } catch {
    return [];
  }
  return (Array.isArray(listed) ? listed : []).flatMap((entry: unknown): ObjectKey[] => {
    if (!isRecord(entry)) return [];
    const { group, kind, namespace, name } = entry;
    if (typeof group !== 'string' || typeof kind !== 'string' || typeof name !== 'string') return [];
    return [{ group, kind, name, ...(typeof namespace === 'string' && { namespace }) }];
  });
}
