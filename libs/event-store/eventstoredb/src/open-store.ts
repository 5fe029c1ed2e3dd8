import { EventStoreUnavailableError } from '#event-store';
import { pause, type Clock, type Ids } from '#kernel';
import type { Address } from './address.ts';
import type { LogClient } from './client.ts';
import { failureOf, type Failure } from './failures.ts';
import { STORE_STREAM, type RecordedEvent } from './stored-event.ts';

/** The server cannot be used. The message is one sentence for the operator. */
class EventStoreUnreadableError extends Error {
  readonly code = 'event-store/unreadable';
}

/** The first release that returns the positions of events that are read from a stream. */
const OLDEST = { year: 22, month: 10 };
/** Interval of attempts. A server opens its port seconds before it accepts requests. */
const AGAIN_MS = 100;
const STORE_TYPE = 'store.created.v1';
const FORM = /^[a-z0-9]{8,32}$/;

interface OpenOptions {
  readonly client: LogClient;
  readonly address: Address;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Milliseconds until the server must be reachable and ready. */
  readonly connectMs: number;
}

/**
 * Waits for the server, checks its version, and reads or creates the store's ID, the first event of the stream `store`.
 *
 * @throws EventStoreUnreadableError, or EventStoreUnavailableError if it was not ready in time; each with one sentence
 */
export async function openStore(options: OpenOptions): Promise<{ readonly storeId: string; readonly version: string }> {
  const { client, address, clock, ids, connectMs } = options;
  const end = clock.monotonic() + connectMs;
  for (;;) {
    try {
      const version = await client.serverVersion();
      if (!isRecent(version))
        throw new EventStoreUnreadableError(
          `The EventStoreDB at ${address.shown} has version ${version}; ${OLDEST.year}.${OLDEST.month} or newer is required.`,
        );
      return { storeId: await storeIdOf(client, ids), version };
    } catch (error) {
      if (error instanceof EventStoreUnreadableError) throw error;
      const failure = failureOf(error);
      if (isLasting(failure) || clock.monotonic() > end) throw sentenceOf(failure, address);
      await pause(clock, AGAIN_MS);
    }
  }
}

/** Returns whether a server of this version is supported. Older ones do not support the request for the version. */
function isRecent(version: string): boolean {
  const [year = Number.NaN, month = Number.NaN] = version.split('.').map((part) => Number.parseInt(part, 10));
  return year > OLDEST.year || (year === OLDEST.year && month >= OLDEST.month);
}

async function storeIdOf(client: LogClient, ids: Ids): Promise<string> {
  const drawn = Buffer.from(ids.random(10)).toString('hex');
  for (;;) {
    const [first] = await client.stream(STORE_STREAM, { count: 1 });
    if (first !== undefined) return storeIdIn(first);
    const event = { id: ids.uuid(), type: STORE_TYPE, data: { storeId: drawn }, metadata: {} };
    await client.append(STORE_STREAM, [event], -1); // if another process was first, its ID is used
  }
}

function storeIdIn({ data }: RecordedEvent): string {
  const id = typeof data === 'object' && data !== null && 'storeId' in data ? data.storeId : undefined;
  if (typeof id === 'string' && FORM.test(id)) return id;
  throw new EventStoreUnreadableError(
    'The EventStoreDB has a stream named store that does not belong to the platform; use a separate database for the platform.',
  );
}

/** Returns whether waiting is useless. */
const isLasting = ({ kind, isPassing }: Failure): boolean => !isPassing || kind === 'untrusted' || kind === 'no-tls';

function sentenceOf({ kind, message, cause }: Failure, { shown, user, isTls }: Address): Error {
  const refused = (sentence: string) => new EventStoreUnreadableError(sentence, { cause });
  switch (kind) {
    case 'access':
      return refused(
        user === undefined
          ? `The EventStoreDB at ${shown} requires a user; put user:password@ in front of the host.`
          : `The EventStoreDB at ${shown} refuses user ${user}; correct the password, or give the user the role $admins.`,
      );
    case 'untrusted':
      return refused(
        `The certificate of the EventStoreDB at ${shown} is not trusted (${reasonIn(message)}); set tlsCAFile=… to the certificate file of its authority.`,
      );
    case 'no-tls':
      return refused(`The EventStoreDB at ${shown} does not use TLS; enable TLS on the server, or add tls=false.`);
    case 'deleted':
      return refused(
        `The stream store of the EventStoreDB at ${shown} was deleted; restore the database from a backup.`,
      );
    case 'not-ready':
      return new EventStoreUnavailableError(
        `The EventStoreDB at ${shown} is starting and does not accept requests yet.`,
        {
          cause,
        },
      );
    default: {
      const hint = isTls ? 'start it, or correct the address' : 'start it, correct the address, or remove tls=false';
      return new EventStoreUnavailableError(`No EventStoreDB responds at ${shown}; ${hint}.`, { cause });
    }
  }
}

/** Returns the TLS error in a message of gRPC, which also contains the address and times. */
const reasonIn = (message: string): string =>
  /Last error: (?:Error: )?(.*?)(?:;|\.? Resolution note|\s*\(|$)/.exec(message)?.[1] ?? message;
