import type { Clock, Timer } from '#kernel';

/** Clock that tests control. */
export interface ManualClock extends Clock {
  /** Advances both clocks and fires due timers in order, including timers that they set. */
  advance(ms: number): void;
  /** Changes only the wall clock, forwards or backwards, as an operator or NTP may. */
  jump(ms: number): void;
}

/**
 * Creates a clock that only advances on request.
 * @param startMs milliseconds since 1970; defaults to 2026-01-01T00:00:00Z
 */
export function manualClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  let wall = startMs;
  let monotonic = 1_000; // arbitrary, but not 0, which lru-cache treats as no time
  const timers = new Set<{ readonly dueMs: number; readonly fire: () => void }>();
  return {
    now: () => wall,
    monotonic: () => monotonic,
    timer(ms, fire): Timer {
      const entry = { dueMs: monotonic + ms, fire };
      timers.add(entry);
      return { cancel: () => void timers.delete(entry) };
    },
    advance(ms) {
      const end = monotonic + ms;
      for (;;) {
        const due = [...timers].filter(({ dueMs }) => dueMs <= end).sort((a, b) => a.dueMs - b.dueMs)[0];
        if (!due) break;
        timers.delete(due);
        wall += due.dueMs - monotonic;
        monotonic = due.dueMs;
        due.fire();
      }
      wall += end - monotonic;
      monotonic = end;
    },
    jump(ms) {
      wall += ms;
    },
  };
}
