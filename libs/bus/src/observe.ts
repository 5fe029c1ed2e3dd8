import { isObservable, Observable, type Subscription } from 'rxjs';

/** After so many items in a row other work of the process gets its turn. */
const TURN = 64;

/**
 * An Observable that pulls `source` one item at a time and, when nobody listens any more, ends it.
 * @param ended called once, when the source is exhausted, failed, or nobody listens any more
 */
export function observe<T>(source: AsyncIterable<T> | Observable<T>, ended: () => void): Observable<T> {
  return new Observable<T>((subscriber) => {
    let inner: Subscription | undefined;
    let iterator: AsyncIterator<T> | undefined;
    if (isObservable(source)) inner = source.subscribe(subscriber);
    else {
      iterator = source[Symbol.asyncIterator]();
      void pull(iterator, subscriber);
    }
    return () => {
      ended();
      inner?.unsubscribe();
      // A generator that waits for something of its own returns when that settles; its `finally` is its own business.
      void iterator?.return?.().catch(() => {});
    };
  });
}

async function pull<T>(
  iterator: AsyncIterator<T>,
  subscriber: { next(value: T): void; error(error: unknown): void; complete(): void; readonly closed: boolean },
): Promise<void> {
  try {
    for (let count = 1; !subscriber.closed; count++) {
      const step = await iterator.next();
      if (step.done) return subscriber.complete();
      subscriber.next(step.value);
      if (count % TURN === 0) await new Promise(setImmediate);
    }
  } catch (error) {
    subscriber.error(error);
  }
}
