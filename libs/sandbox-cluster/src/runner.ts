import { backOffMs, type Clock, type Logger, type Timer } from '#kernel';
import { EVERY_RESOURCE, type Cluster, type Controller } from './controller.ts';
import type { Change, ObjectKey } from './store.ts';
import { inTurn } from './turns.ts';

/** Maximum number of keys in one turn. A turn also ends after AT_ONCE_MS milliseconds, since most keys take longer. */
const AT_ONCE = 200;
const AT_ONCE_MS = 0.25;
/** Back-off in milliseconds before a failed key is retried. */
const BACK_OFF = { firstMs: 100, mostMs: 60_000 };

export interface ControllerRunner {
  /** Queues every object once, and starts. */
  start(): void;
  /** Runs until the queue is empty; pending timers are not awaited. For tests with a manual clock. */
  drain(): void;
  stop(): void;
}

interface Job {
  readonly controller: Controller;
  readonly key: ObjectKey;
}

/** Runs controllers from one queue, never within a write. A key that is triggered repeatedly is queued once. */
export const runControllers = (
  controllers: readonly Controller[],
  cluster: Cluster,
  surroundings: { readonly clock: Clock; readonly log: Logger },
): ControllerRunner => new Runner(controllers, cluster, surroundings);

class Runner implements ControllerRunner {
  private readonly queue = new Map<string, Job>();
  private readonly later = new Map<string, { readonly dueMs: number; readonly timer: Timer }>();
  private readonly failures = new Map<string, number>();
  private scheduled = false;
  private running = false;
  private unsubscribe = () => {};

  constructor(
    private readonly controllers: readonly Controller[],
    private readonly cluster: Cluster,
    private readonly surroundings: { readonly clock: Clock; readonly log: Logger },
  ) {}

  start(): void {
    const { store } = this.cluster;
    this.running = true;
    this.unsubscribe = store.subscribe((change) => this.wake(change));
    for (const controller of this.controllers) {
      for (const watch of controller.watches) {
        const watched = watch.resource === EVERY_RESOURCE ? store.resources() : [watch.resource];
        for (const { resource, object } of watched.flatMap((resource) =>
          store.list(resource).map((object) => ({ resource, object })),
        )) {
          const { namespace = '', name } = object.metadata;
          const key: ObjectKey = { resource, namespace, name };
          const asChanged = { type: 'MODIFIED', key, object, previous: object, revision: store.revision } as const;
          for (const woken of watch.keys?.(asChanged, store) ?? [key]) this.enqueue(controller, woken);
        }
      }
    }
  }

  drain(): void {
    for (let rounds = 0; this.queue.size > 0 && rounds < 10_000; rounds++) this.take(AT_ONCE);
  }

  stop(): void {
    this.running = false;
    this.unsubscribe();
    for (const { timer } of this.later.values()) timer.cancel();
    this.later.clear();
    this.queue.clear();
  }

  private enqueue(controller: Controller, key: ObjectKey): void {
    this.queue.set(idOf(controller, key), { controller, key });
    if (!this.scheduled && this.running) this.schedule();
  }

  private schedule(): void {
    this.scheduled = true;
    inTurn(() => this.turn());
  }

  private enqueueLater(controller: Controller, key: ObjectKey, afterMs: number): void {
    const { clock } = this.surroundings;
    const id = idOf(controller, key);
    const dueMs = clock.monotonic() + afterMs;
    const known = this.later.get(id);
    if (known && known.dueMs <= dueMs) return;
    known?.timer.cancel();
    const timer = clock.timer(afterMs, () => {
      this.later.delete(id);
      this.enqueue(controller, key);
    });
    this.later.set(id, { dueMs, timer });
  }

  private wake(change: Change): void {
    for (const controller of this.controllers) {
      for (const watch of controller.watches) {
        if (watch.resource !== change.key.resource && watch.resource !== EVERY_RESOURCE) continue;
        for (const key of watch.keys?.(change, this.cluster.store) ?? [change.key]) this.enqueue(controller, key);
      }
    }
  }

  private work({ controller, key }: Job): void {
    const id = idOf(controller, key);
    try {
      const again = controller.reconcile(key, this.cluster);
      this.failures.delete(id);
      if (again?.afterMs === 0) this.enqueue(controller, key);
      else if (again) this.enqueueLater(controller, key, again.afterMs);
    } catch (error) {
      const times = (this.failures.get(id) ?? 0) + 1;
      this.failures.set(id, times);
      const fields = { controller: controller.name, key, err: String(error) };
      this.surroundings.log.error(fields, 'a sandbox controller failed');
      this.enqueueLater(controller, key, backOffMs(BACK_OFF, times));
    }
  }

  private take(most: number): void {
    const { clock } = this.surroundings;
    let left = Math.min(most, this.queue.size); // keys queued during the turn wait for the next one
    const untilMs = clock.monotonic() + AT_ONCE_MS;
    for (const [id, job] of this.queue) {
      if (left-- === 0) return;
      this.queue.delete(id);
      this.work(job);
      if (clock.monotonic() > untilMs) return;
    }
  }

  private turn(): void {
    this.scheduled = false;
    if (!this.running) return;
    this.take(AT_ONCE);
    if (this.queue.size > 0) this.schedule();
  }
}

const idOf = ({ name }: Controller, { resource, namespace, name: object }: ObjectKey): string =>
  `${name}\n${resource}\n${namespace}\n${object}`;
