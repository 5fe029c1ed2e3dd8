const waiting: (() => void)[] = [];

/**
 * Queues work that runs in its own turn of the event loop, in order; network input is handled between two turns. All
 * sandboxes of a thread share the queue, so a busy sandbox delays the others by one piece of work, not by its entire
 * backlog.
 * @param work should take about one millisecond
 */
export function inTurn(work: () => void): void {
  waiting.push(work);
  if (waiting.length === 1) setImmediate(next);
}

/** Resolves in a turn of its own, for callers that continue their work then. */
export const myTurn = (): Promise<void> => new Promise(inTurn);

function next(): void {
  try {
    waiting[0]?.();
  } finally {
    waiting.shift(); // only now, so that work queued by this work waits for the next turn
    if (waiting.length > 0) setImmediate(next);
  }
}
