import type { Clock, Timer } from '#kernel';

export interface ManualClock extends Clock {
  /** Moves both clocks on and fires the timers that fall due, in order; timers set by a timer are included. */
  advance(ms: number): void;
  /** Moves the wall clock alone, forwards or back, as an operator or NTP may. */
  jump(ms: number): void;
}

/** A clock that stands still until it is moved. @param startMs milliseconds since 1970; 2026-01-01T00:00:00Z when left out */
export function manualClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  let wall = startMs;
  let monotonic = 1_000; // an arbitrary start, and not 0: lru-cache takes that for no time at all
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
