import type { Principal } from '#access';
import type { Clock } from '#kernel';
import { callerOf } from './caller-of.ts';

/** Simultaneous requests of one organization. Further ones wait until one ends. */
const AT_ONCE = 4;
/**
 * Milliseconds after which a request does not count: it waits for something, such as a cluster, and uses no processor
 * time.
 */
const COUNTED_MS = 250;

interface Group {
  /** When each running request started, in monotonic milliseconds, oldest first. */
  readonly begun: Map<object, number>;
  readonly waiting: (() => void)[];
  isTimed: boolean;
}

/**
 * Schedules requests fairly: each organization has a few running requests, so that the requests of one organization
 * cannot delay those of others for long.
 */
export class Turns {
  private readonly groups = new Map<string, Group>();

  constructor(private readonly clock: Pick<Clock, 'monotonic' | 'timer'>) {}

  /**
   * Waits for a turn.
   *
   * @returns a function to call when the request has ended; a promise of it if the request must wait
   */
  take(principal: Principal): (() => void) | Promise<() => void> {
    if (principal.kind === 'anonymous') return () => {}; // limited by address alone
    const name = principal.kind === 'key' ? `organization ${principal.organizationId}` : callerOf(principal);
    const group: Group = this.groups.get(name) ?? { begun: new Map(), waiting: [], isTimed: false };
    this.groups.set(name, group);
    if (group.begun.size < AT_ONCE) return this.begin(name, group);
    return new Promise<() => void>((resolve) => {
      group.waiting.push(() => resolve(this.begin(name, group)));
      this.watchOldest(name, group);
    });
  }

  private begin(name: string, group: Group): () => void {
    const request = {};
    group.begun.set(request, this.clock.monotonic());
    return () => {
      if (group.begun.delete(request)) this.next(name, group);
    };
  }

  private next(name: string, { begun, waiting }: Group): void {
    while (waiting.length > 0 && begun.size < AT_ONCE) waiting.shift()?.();
    if (waiting.length === 0 && begun.size === 0) this.groups.delete(name);
  }

  /** While others wait, stops counting the oldest request after its time. */
  private watchOldest(name: string, group: Group): void {
    const [oldest] = group.begun;
    if (group.isTimed || !oldest || group.waiting.length === 0) return;
    const [request, begunMs] = oldest;
    group.isTimed = true;
    this.clock.timer(Math.max(1, begunMs + COUNTED_MS - this.clock.monotonic()), () => {
      group.isTimed = false;
      const since = group.begun.get(request);
      if (since !== undefined && group.waiting.length > 0) group.begun.delete(request);
      this.next(name, group);
      this.watchOldest(name, group);
    });
  }
}
