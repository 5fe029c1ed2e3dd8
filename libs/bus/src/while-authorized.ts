import type { Clock, DomainError, Result, Timer } from '#kernel';
import { Observable } from 'rxjs';
import { DomainErrorException } from './errors.ts';

/** Rights that end are seen within this and the time of one look. */
const LOOK_MS = 400;
/** A directory that cannot be asked ends a stream only when so many looks in a row have failed. */
const MOST_FAILURES = 10;

export interface AccessRecheckOptions {
  readonly clock: Clock;
  /** Asks again; an error that is not final says that it could not be found out. */
  recheck(): Promise<Result<undefined, { readonly error: DomainError; readonly isFinal: boolean }>>;
}

/** The source, until `recheck` refuses: then it is left, and the stream ends with a RefusedError. */
export function whileAuthorized<T>(source: Observable<T>, { clock, recheck }: AccessRecheckOptions): Observable<T> {
  return new Observable<T>((subscriber) => {
    let failures = 0;
    let timer: Timer | undefined;
    const later = (): void => void (timer = clock.timer(LOOK_MS, () => void look()));
    const look = async (): Promise<void> => {
      const found = await recheck();
      if (subscriber.closed) return;
      failures = found.ok ? 0 : failures + 1;
      if (found.ok || (!found.error.isFinal && failures < MOST_FAILURES)) later();
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
