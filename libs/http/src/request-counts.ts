import type { Clock } from '#kernel';
import { LRUCache } from 'lru-cache';

const WINDOW_MS = 60_000;
const MAX_CALLERS = 5_000;
/** Callers are reported from this share of their limit on. Those below it cannot exceed it by much. */
const REPORTED_SHARE = 0.1;
/** Milliseconds for which the counts of other gateways are used. Afterwards, this gateway counts by itself. */
const FRESH_MS = 2_500;
/** Milliseconds after which a caller is asked to try again whose limit is not reached yet. */
const SHORT_WAIT_MS = 1_000;

/** Requests of a caller in its present window, as one gateway counted them. */
export interface ReportedCount {
  readonly caller: string;
  readonly used: number;
  /** Milliseconds until the window ends. */
  readonly endsInMs: number;
}

/** Requests of a caller that other gateways counted. */
export interface OtherCount extends ReportedCount {
  /** Number of these gateways. */
  readonly gateways: number;
}

/** What a gateway learns from an exchange of counts. */
export interface SharedCounts {
  /** Number of running gateways, including this one. */
  readonly gateways: number;
  readonly counts: readonly OtherCount[];
}

/** Result of counting a request, in the form of `@fastify/rate-limit`. */
export interface Counted {
  readonly isAllowed: false;
  readonly max: number;
  readonly remaining: number;
  readonly ttlInSeconds: number;
  readonly isExceeded: boolean;
}

interface Window {
  /** Monotonic. */
  readonly endsMs: number;
  max: number;
  used: number;
  /** `used` at the last report, and at the last report that was answered. */
  reported: number;
  exchanged: number;
}

/**
 * Counts the requests of each caller in windows of a minute, together with other gateways if their counts are exchanged
 * regularly.
 *
 * Between two exchanges, a gateway accepts from a caller at most its share of what was left of the limit at the last
 * one: all of it if only this gateway has had requests of the caller, and the others know, otherwise one part for each
 * gateway. So all gateways together accept less than twice the limit in a window, and that only if a caller begins to use
 * others at once. Without recent counts of others, a gateway counts by itself.
 */
export class RequestCounts {
  private readonly windows = new LRUCache<string, Window>({ max: MAX_CALLERS });
  private others: ReadonlyMap<string, OtherCount> = new Map();
  private gateways = 1;
  /** When the last report that was answered was made. */
  private sharedMs = Number.NEGATIVE_INFINITY;
  private reportedMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly clock: Clock) {}

  /**
   * Counts a request, unless it exceeds the limit.
   *
   * @param max requests that the caller may send in a window
   */
  take(caller: string, max: number): Counted {
    const nowMs = this.clock.monotonic();
    const window = this.windowOf(caller, max, nowMs);
    const { left, share, endsMs } = this.leftOf(window, caller, nowMs);
    const isExceeded = share <= 0;
    if (!isExceeded) window.used += 1;
    const waitMs = isExceeded && left > 0 ? SHORT_WAIT_MS : endsMs - nowMs;
    return {
      isAllowed: false,
      max,
      remaining: isExceeded ? 0 : Math.max(0, left - 1),
      ttlInSeconds: Math.ceil(waitMs / 1_000),
      isExceeded,
    };
  }

  /**
   * Returns what other gateways must know: the counts of at most `callers` callers, those closest to their limits first.
   * `share` takes the answer to it.
   */
  report(callers: number): readonly ReportedCount[] {
    const nowMs = this.clock.monotonic();
    this.reportedMs = nowMs;
    const reported: (ReportedCount & { readonly part: number })[] = [];
    for (const [caller, window] of this.windows.entries()) {
      const { used, max, endsMs } = window;
      window.reported = used;
      const part = used / max;
      if (nowMs < endsMs && part >= REPORTED_SHARE) reported.push({ caller, used, endsInMs: endsMs - nowMs, part });
    }
    return reported
      .toSorted((a, b) => b.part - a.part)
      .slice(0, callers)
      .map(({ part: _, ...count }) => ({ ...count, endsInMs: Math.ceil(count.endsInMs) }));
  }

  /** Takes the answer to the last report. */
  share({ gateways, counts }: SharedCounts): void {
    for (const window of this.windows.values()) window.exchanged = window.reported;
    this.others = new Map(counts.map((count) => [count.caller, count]));
    this.gateways = gateways;
    this.sharedMs = this.reportedMs;
  }

  private windowOf(caller: string, max: number, nowMs: number): Window {
    const found = this.windows.get(caller);
    if (found && nowMs < found.endsMs) {
      found.max = max;
      return found;
    }
    const made = { endsMs: nowMs + WINDOW_MS, max, used: 0, reported: 0, exchanged: 0 };
    this.windows.set(caller, made);
    return made;
  }

  /** Returns what is left of a caller's limit, how much of it this gateway may accept, and when it is renewed. */
  private leftOf({ max, used, exchanged, endsMs }: Window, caller: string, nowMs: number) {
    if (nowMs - this.sharedMs > FRESH_MS) return { left: max - used, share: max - used, endsMs };
    const others = this.others.get(caller);
    const otherEndsMs = others ? this.sharedMs + others.endsInMs : endsMs;
    const otherUsed = others && nowMs < otherEndsMs ? others.used : 0;
    const left = max - otherUsed - used;
    const isKnownToOthers = exchanged >= max * REPORTED_SHARE;
    const parts = isKnownToOthers && !others ? 1 : this.gateways;
    const share = Math.ceil(Math.max(0, max - otherUsed - exchanged) / parts) - (used - exchanged);
    return { left, share: Math.min(left, share), endsMs: otherUsed > 0 ? Math.min(endsMs, otherEndsMs) : endsMs };
  }
}
