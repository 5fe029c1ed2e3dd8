import type { Principal } from '#access';
import type { Clock } from '#kernel';
import { callerOf } from './caller-of.ts';

interface Limit {
  /** Simultaneous requests of one organization or person. Further ones wait until one ends. */
  readonly requests: number;
  /** Milliseconds after which a request does not count: it waits for something, such as a cluster. */
  readonly countedMs: number;
}

const ALONE: Limit = { requests: 4, countedMs: 250 };
/** While other callers are active: one process serves all, so each running request delays those of the others. */
const SHARED: Limit = { requests: 1, countedMs: 50 };
/** Milliseconds for which a caller counts as active after its last request. */
const ACTIVE_MS = 1_000;

interface Group {
  /** When each running request started, in monotonic milliseconds, oldest first. */
  readonly running: Map<object, number>;
  readonly waiting: (() => void)[];
  isTimed: boolean;
}

/**
 * Schedules requests fairly: the access keys of an organization, and each person who is logged in, have a few running
 * requests, so that their requests cannot delay those of others for long.
 */
export class Turns {
  private readonly groups = new Map<string, Group>();
  /** The two callers that sent the latest requests, the last one first. */
  private latest: readonly { readonly name: string; readonly atMs: number }[] = [];

  constructor(private readonly clock: Pick<Clock, 'monotonic' | 'timer'>) {}

  /**
   * Waits for a turn.
   *
   * @returns a function to call when the request has ended; a promise of it if the request must wait
   */
  take(principal: Principal): (() => void) | Promise<() => void> {
    if (principal.kind === 'anonymous') return () => {}; // limited by address alone
    const name = principal.kind === 'key' ? `organization ${principal.organizationId}` : callerOf(principal);
    const group: Group = this.groups.get(name) ?? { running: new Map(), waiting: [], isTimed: false };
    this.groups.set(name, group);
    this.latest = [
      { name, atMs: this.clock.monotonic() },
      ...this.latest.filter((other) => other.name !== name).slice(0, 1),
    ];
    if (group.running.size < this.limitOf(name).requests) return this.start(name, group);
    return new Promise<() => void>((resolve) => {
      group.waiting.push(() => resolve(this.start(name, group)));
      this.watchOldest(name, group);
    });
  }

  private limitOf(name: string): Limit {
    const since = this.clock.monotonic() - ACTIVE_MS;
    return this.latest.some((other) => other.name !== name && other.atMs > since) ? SHARED : ALONE;
  }

  private start(name: string, group: Group): () => void {
    const request = {};
    group.running.set(request, this.clock.monotonic());
    return () => {
      if (group.running.delete(request)) this.next(name, group);
    };
  }

  private next(name: string, { running, waiting }: Group): void {
    while (waiting.length > 0 && running.size < this.limitOf(name).requests) waiting.shift()?.();
    if (waiting.length === 0 && running.size === 0) this.groups.delete(name);
  }

  /** While others wait, stops counting the oldest request after its time. */
  private watchOldest(name: string, group: Group): void {
    const [oldest] = group.running;
    if (group.isTimed || !oldest || group.waiting.length === 0) return;
    const [request, startedMs] = oldest;
    group.isTimed = true;
    this.clock.timer(Math.max(1, startedMs + this.limitOf(name).countedMs - this.clock.monotonic()), () => {
      group.isTimed = false;
      const since = group.running.get(request);
      if (since !== undefined && group.waiting.length > 0) group.running.delete(request);
      this.next(name, group);
      this.watchOldest(name, group);
    });
  }
}
