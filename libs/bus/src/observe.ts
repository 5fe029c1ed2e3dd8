import { isObservable, Observable, type Subscription } from 'rxjs';

/** Number of consecutive items after which other work of the process can run. */
const TURN = 64;

/**
 * Returns an Observable that pulls items from `source` one at a time, and ends it after the last subscriber has left.
 *
 * @param ended called once, when the source has ended or failed, or the last subscriber has left
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
      // A generator that is waiting returns when its wait has ended. Errors in its `finally` are its own.
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
