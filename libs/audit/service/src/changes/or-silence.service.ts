import { pause, type Clock } from '#kernel';

/**
 * Returns the items of a source, and undefined whenever it has sent none for a while.
 *
 * @param source starts the source; it ends when the signal aborts
 */
export async function* orSilence<T>(
  source: (signal: AbortSignal) => AsyncIterable<T>,
  { clock, ms, signal }: { readonly clock: Clock; readonly ms: number; readonly signal: AbortSignal },
): AsyncGenerator<T | undefined> {
  const stop = new AbortController();
  const iterator = source(AbortSignal.any([signal, stop.signal]))[Symbol.asyncIterator]();
  try {
    for (;;) {
      const arrived = new AbortController();
      const next = iterator.next().finally(() => arrived.abort());
      next.catch(() => {}); // if the reader has left, nobody waits for it
      for (;;) {
        await pause(clock, ms, arrived.signal);
        if (arrived.signal.aborted) break;
        yield undefined;
      }
      const step = await next;
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    stop.abort();
    await iterator.return?.();
  }
}
