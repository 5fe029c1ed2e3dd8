import type { InputOf } from '#bus/contract';
import type { KubernetesEvent, liveEventsRequest } from '#deployments/contract';
import { pause, type Clock } from '#kernel';
import { KubernetesApiError, type KubernetesClient } from '#kubernetes';
import { withClient } from '../cluster/cluster-requests.worker.ts';
import type { ClusterConnections } from '../cluster/connections.worker.ts';
import { EVENT } from '../cluster/kinds.ts';
import { byTime, concerns, eventRow } from './kubernetes-events.ts';

type EventsRequest = InputOf<typeof liveEventsRequest>;
interface Place {
  readonly namespace: string;
  readonly resourceVersion: string;
}

/** Delay before a failed watch is restarted. */
const AGAIN_MS = 1_000;
/** Events that are buffered for a slow reader. The next list returns those that did not fit. */
const MAX_READY = 1_000;

/**
 * Yields Kubernetes events of the application's objects, oldest first. With `follow`, continues with new ones until
 * `cancelled` aborts.
 */
export async function* applicationEvents(
  connections: ClusterConnections,
  clock: Clock,
  request: EventsRequest,
  cancelled: AbortSignal,
): AsyncIterable<KubernetesEvent> {
  const namespaces = [...new Set([request.namespace, ...request.inventory.map(({ namespace }) => namespace)])].filter(
    (namespace) => namespace !== '',
  );
  const seen = new Map<string, string>();
  for (;;) {
    const { client, lists } = await withClient(connections, request.cluster, async (client) => ({
      client,
      lists: await Promise.all(namespaces.map((namespace) => client.list(EVENT, { namespace, signal: cancelled }))),
    }));
    const present = lists.flatMap(({ items }) => items).filter((event) => concerns(event, request.inventory));
    for (const event of present.sort(byTime)) {
      const uid = event.metadata.uid ?? event.metadata.name;
      if (seen.get(uid) === event.metadata.resourceVersion) continue;
      seen.set(uid, event.metadata.resourceVersion ?? '');
      yield eventRow(event);
    }
    if (!request.follow || cancelled.aborted) return;
    const places = namespaces.map((namespace, index) => ({
      namespace,
      resourceVersion: lists[index]?.resourceVersion ?? '',
    }));
    yield* watched(client, places, { request, seen, cancelled });
    if (cancelled.aborted) return;
    await pause(clock, AGAIN_MS, cancelled);
  }
}

interface Watch {
  readonly request: EventsRequest;
  /** Maps UIDs to the resourceVersion that was yielded. */
  readonly seen: Map<string, string>;
  readonly cancelled: AbortSignal;
}

/** Ends when one of the watches ends. The list that follows returns what was missed. */
async function* watched(
  client: KubernetesClient,
  places: readonly Place[],
  { request, seen, cancelled }: Watch,
): AsyncIterable<KubernetesEvent> {
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, cancelled]);
  const ready: KubernetesEvent[] = [];
  let failure: unknown;
  let wake = () => {};
  signal.addEventListener('abort', () => wake(), { once: true });
  const follow = async (place: Place): Promise<void> => {
    for await (const { type, object } of client.watch(EVENT, { ...place, signal })) {
      if (
        (type !== 'ADDED' && type !== 'MODIFIED') ||
        !concerns(object, request.inventory) ||
        ready.length >= MAX_READY
      )
        continue;
      seen.set(object.metadata.uid ?? object.metadata.name, object.metadata.resourceVersion ?? '');
      ready.push(eventRow(object));
      wake();
    }
  };
  for (const place of places) {
    follow(place)
      .catch((error: unknown) => {
        // After an expired version or a broken connection, the list that follows returns what was missed.
        if (error instanceof KubernetesApiError && error.status !== 410) failure = error;
      })
      .finally(() => ended.abort());
  }
  try {
    for (;;) {
      const next = ready.shift();
      if (next) yield next;
      else if (signal.aborted) break;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (signal.aborted || ready.length > 0) resolve();
        });
    }
    if (failure !== undefined && !cancelled.aborted) throw failure;
  } finally {
    ended.abort();
  }
}
