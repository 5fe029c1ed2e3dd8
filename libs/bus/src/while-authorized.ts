import type { Clock, DomainError, Result, Timer } from '#kernel';
import { Observable } from 'rxjs';
import { DomainErrorException } from './errors.ts';

/** Interval of checks, in milliseconds, and thus the delay until a revoked permission ends a stream. */
const CHECK_INTERVAL_MS = 400;
/** Number of consecutive failed checks after which a stream ends. */
const MAX_FAILURES = 10;

export interface AccessRecheckOptions {
  readonly clock: Clock;
  /** Checks the permission again. An error that is not final means that it could not be determined. */
  recheck(): Promise<Result<undefined, { readonly error: DomainError; readonly isFinal: boolean }>>;
}

/** Returns the items of the source until `recheck` returns an error; then the stream ends with a RefusedError. */
export function whileAuthorized<T>(source: Observable<T>, { clock, recheck }: AccessRecheckOptions): Observable<T> {
  return new Observable<T>((subscriber) => {
    let failures = 0;
    let timer: Timer | undefined;
    const later = (): void => void (timer = clock.timer(CHECK_INTERVAL_MS, () => void check()));
    const check = async (): Promise<void> => {
      const found = await recheck();
      if (subscriber.closed) return;
      failures = found.ok ? 0 : failures + 1;
      if (found.ok || (!found.error.isFinal && failures < MAX_FAILURES)) later();
      else subscriber.error(new DomainErrorException(found.error.error));
    };
    const inner = source.subscribe(subscriber);
    if (!subscriber.closed) later();
    return () => {
      timer?.cancel();
      inner.unsubscribe();
    };
  });
}
