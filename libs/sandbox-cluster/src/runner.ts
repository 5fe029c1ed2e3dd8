import { backOffMs, type Clock, type Logger, type Timer } from '#kernel';
import type { Cluster, Controller } from './controller.ts';
import type { Change, ObjectKey, StoreReader } from './store.ts';
import { inTurn } from './turns.ts';

/** Keys handled in one go before others get their turn, and after how long a turn ends sooner: most keys take longer. */
const AT_ONCE = 200;
const AT_ONCE_MS = 0.25;
/** A controller whose work throws is asked again after so long, doubled each time up to the most. */
const BACK_OFF = { firstMs: 100, mostMs: 60_000 };

export interface ControllerRunner {
  /** Queues every object once, and begins to work. */
  start(): void;
  /** Works until nothing is queued now; timers that lie ahead are left. For tests with a clock that stands still. */
  drain(): void;
  stop(): void;
}

interface Job {
  readonly controller: Controller;
  readonly key: ObjectKey;
}

/** Runs controllers from one queue, each key once however often it was woken, never inside a write. */
export function runControllers(
  controllers: readonly Controller[],
  cluster: Cluster,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): ControllerRunner {
  const queue = new Map<string, Job>();
  const later = new Map<string, { readonly dueMs: number; readonly timer: Timer }>();
  const failures = new Map<string, number>();
  let scheduled = false;
  let running = false;
  let unsubscribe = () => {};

  const idOf = ({ name }: Controller, { resource, namespace, name: object }: ObjectKey) =>
    `${name}\n${resource}\n${namespace}\n${object}`;

  function enqueue(controller: Controller, key: ObjectKey): void {
    queue.set(idOf(controller, key), { controller, key });
    if (!scheduled && running) {
      scheduled = true;
      inTurn(turn);
    }
  }

  function enqueueLater(controller: Controller, key: ObjectKey, afterMs: number): void {
    const id = idOf(controller, key);
    const dueMs = clock.monotonic() + afterMs;
    const known = later.get(id);
    if (known && known.dueMs <= dueMs) return;
    known?.timer.cancel();
    const timer = clock.timer(afterMs, () => {
      later.delete(id);
      enqueue(controller, key);
    });
    later.set(id, { dueMs, timer });
  }

  function wake(change: Change, store: StoreReader): void {
    for (const controller of controllers) {
      for (const watch of controller.watches) {
        if (watch.resource !== change.key.resource) continue;
        for (const key of watch.keys?.(change, store) ?? [change.key]) enqueue(controller, key);
      }
    }
  }

  function work({ controller, key }: Job): void {
    const id = idOf(controller, key);
    try {
      const again = controller.reconcile(key, cluster);
      failures.delete(id);
      if (again?.afterMs === 0) enqueue(controller, key);
      else if (again) enqueueLater(controller, key, again.afterMs);
    } catch (error) {
      const times = (failures.get(id) ?? 0) + 1;
      failures.set(id, times);
      log.error({ controller: controller.name, key, err: String(error) }, 'a sandbox controller failed');
      enqueueLater(controller, key, backOffMs(BACK_OFF, times));
    }
  }

  function take(most: number): void {
    let left = Math.min(most, queue.size); // what is queued meanwhile comes after
    const untilMs = clock.monotonic() + AT_ONCE_MS;
    for (const [id, job] of queue) {
      if (left-- === 0) return;
      queue.delete(id);
      work(job);
      if (clock.monotonic() > untilMs) return;
    }
  }

  function turn(): void {
    scheduled = false;
    if (!running) return;
    take(AT_ONCE);
    if (queue.size > 0) {
      scheduled = true;
      inTurn(turn);
    }
  }

  return {
    start() {
      running = true;
      unsubscribe = cluster.store.subscribe((change) => wake(change, cluster.store));
      for (const controller of controllers) {
        for (const watch of controller.watches) {
          for (const object of cluster.store.list(watch.resource)) {
            const key: ObjectKey = {
              resource: watch.resource,
              namespace: object.metadata.namespace ?? '',
              name: object.metadata.name,
            };
            for (const woken of watch.keys?.(
              { type: 'MODIFIED', key, object, previous: object, revision: cluster.store.revision },
              cluster.store,
            ) ?? [key])
              enqueue(controller, woken);
          }
        }
      }
    },
    drain() {
      for (let rounds = 0; queue.size > 0 && rounds < 10_000; rounds++) take(AT_ONCE);
    },
    stop() {
      running = false;
      unsubscribe();
      for (const { timer } of later.values()) timer.cancel();
      later.clear();
      queue.clear();
    },
  };
}
