const waiting: (() => void)[] = [];

/**
 * Runs work in a turn of the event loop of its own, in the order in which it was handed over; what has come over the network
 * in the meantime is read and answered in between. All sandboxes of a thread share the one queue, so a busy sandbox holds the
 * others up by one piece of work, never by all that it has to do.
 * @param work about a millisecond's worth
 */
export function inTurn(work: () => void): void {
  waiting.push(work);
  if (waiting.length === 1) setImmediate(next);
}

/** The turn of a caller that continues with its work when this resolves. */
export const myTurn = (): Promise<void> => new Promise(inTurn);

function next(): void {
  try {
    waiting[0]?.();
  } finally {
    waiting.shift(); // only now: what is handed over by the work itself is in the next turn
    if (waiting.length > 0) setImmediate(next);
  }
}
