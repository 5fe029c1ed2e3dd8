import { isSameEvent, type AppendError, type Appended, type SealedEvent } from '#event-store';
import { err, ok, position, type Clock, type Result } from '#kernel';
import type { LogClient, Times } from './client.ts';
import { proposedEvent, storedEvent } from './stored-event.ts';
import { tryAgain } from './try-again.ts';

type Append = (
  stream: string,
  events: readonly SealedEvent[],
  expectedRevision: number,
) => Promise<Result<Appended, AppendError>>;

/**
 * Creates a function that appends at an exact revision, and retries with the same IDs if the response was lost. The
 * server then reports success and writes nothing. The success of a retry is verified by reading the events.
 */
export function createAppender(options: {
  readonly client: LogClient;
  readonly storeId: string;
  readonly clock: Clock;
  readonly times: Pick<Times, 'retryWindowMs'>;
}): Append {
  const { client, storeId, clock, times } = options;

  /** Whether the server's response to several events has the position of the last one. Determined once. */
  let namesLast: boolean | undefined;

  /** Returns the position of the last event if all events are stored at their place; `undefined` if others are. */
  async function storedPosition(
    stream: string,
    events: readonly SealedEvent[],
    from: number,
  ): Promise<bigint | undefined> {
    const stored = await client.stream(stream, { from, count: events.length });
    const isStored =
      stored.length === events.length &&
      stored.every((recorded, index) => {
        const event = events[index];
        return event !== undefined && isSameEvent(storedEvent(recorded, storeId), event);
      });
    return isStored ? stored.at(-1)?.position : undefined;
  }

  return (stream, events, expected) => {
    const proposed = events.map(proposedEvent);
    const revision = expected + events.length;
    return tryAgain(clock, times.retryWindowMs, async (triesBefore): Promise<Result<Appended, AppendError>> => {
      const response = await client.append(stream, proposed, expected);
      if (!response.ok) return err({ code: 'event-store/revision-conflict', expected, actual: response.actual });
      // A deleted stream continues at its last revision. Only this response shows it.
      if (response.revision !== revision)
        throw new Error(
          `Stream ${stream} was deleted in EventStoreDB: its next event has revision ${response.revision}.`,
        );
      const isCertain = triesBefore === 0 && (events.length === 1 || namesLast === true);
      if (isCertain && response.position !== undefined)
        return ok({ revision, position: position(storeId, response.position) });
      const last = await storedPosition(stream, events, expected + 1);
      if (last === undefined)
        return err({ code: 'event-store/revision-conflict', expected, actual: await lastRevision(client, stream) });
      if (triesBefore === 0 && events.length > 1) namesLast = response.position === last;
      return ok({ revision, position: position(storeId, last) });
    });
  };
}

async function lastRevision(client: LogClient, stream: string): Promise<number> {
  const [last] = await client.stream(stream, { isBackwards: true, count: 1 });
  return last?.revision ?? -1;
}
