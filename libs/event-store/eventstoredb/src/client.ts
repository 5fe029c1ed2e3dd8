import {
  BACKWARDS,
  END,
  EventStoreDBClient,
  FORWARDS,
  jsonEvent,
  NO_STREAM as NOT_THERE,
  START,
  type AllStreamResolvedEvent,
  type ResolvedEvent,
} from '@eventstore/db-client';
import type { Clock, Timer } from '#kernel';
import { NO_STREAM } from '#event-store';
import type { Address } from './address.ts';
import { Failure, failureOf, type FailureKind } from './failures.ts';
import { inTime } from './in-time.ts';
import type { ProposedEvent, RecordedEvent } from './stored-event.ts';

/** What the server said to an append. */
export type AppendAnswer =
  | {
      readonly ok: true;
      /** Revision of the last event. */
      readonly revision: number;
      /** Commit position of the last event, where it says one. */
      readonly position: bigint | undefined;
    }
  | {
      readonly ok: false;
      /** Revision of the stream's last event; NO_STREAM when it has none. */
      readonly actual: number;
    };

/** Own times in milliseconds. */
export interface Times {
  /** For the answer to an append or to a question about the server. */
  readonly answerMs: number;
  /** For the next event of a page. */
  readonly eventMs: number;
  /** A subscription that is silent for so long is compared with the log. */
  readonly silenceMs: number;
  /** After so long a failure is not tried again, so that nobody waits for a server that is frozen. */
  readonly patienceMs: number;
}

/** A subscription to everything after a position. */
export interface Follower {
  /** The next event; `undefined` when the subscription was ended. @throws Failure when it is broken */
  next(): Promise<RecordedEvent | undefined>;
  /** Whether the next event is here already. */
  isBehind(): boolean;
  end(): void;
}

/** What the adapter needs of EventStoreDB. Every method throws a Failure and nothing else. */
export interface LogClient {
  /** Such as `23.10.8`; `unknown` for servers older than that question. */
  serverVersion(): Promise<string>;
  /** @param expected revision of the last event, or NO_STREAM */
  append(stream: string, events: readonly ProposedEvent[], expected: number): Promise<AppendAnswer>;
  /** At most `count` events of a stream; fewer at its end. @param from left out: from the beginning, or the end when backwards */
  stream(stream: string, options: StreamPage): Promise<readonly RecordedEvent[]>;
  /** At most `count` events of the log, the server's own included. @param from exclusive; left out: as for a stream */
  all(options: LogPage): Promise<readonly RecordedEvent[]>;
  /** @param after commit position; 0 from the beginning */
  follow(after: bigint): Follower;
  /** Settles when nothing is connected any more. Nothing may be under way. */
  close(): Promise<void>;
}

interface StreamPage {
  readonly from?: number | undefined;
  readonly isBackwards?: boolean;
  readonly count: number;
}

interface LogPage {
  readonly from?: bigint | undefined;
  readonly isBackwards?: boolean;
  readonly count: number;
  readonly signal?: AbortSignal;
}

/** What stands where the server has no position to tell. */
const NO_POSITION = 0xffff_ffff_ffff_ffffn;
/** How long the old connection may take to end. */
const END_MS = 1_000;

/**
 * The one client of this process for an address. Clients share a table of pending appends, so that disposing one while
 * another waits would lose answers: whoever opens the same store again gets the same client.
 */
interface Connection {
  client: EventStoreDBClient;
  users: number;
  /** Monotonic time of the last answer to an append. */
  answeredAt: number;
  /** While the client is replaced, nothing may be sent. */
  renewing: Promise<void> | undefined;
}

const connections = new Map<string, Connection>();

/** Connects lazily: nothing is sent before the first question. */
export function connectTo({ connectionString }: Address, clock: Clock, times: Times): LogClient {
  const connection = connections.get(connectionString) ?? {
    client: newClient(connectionString),
    users: 0,
    answeredAt: 0,
    renewing: undefined,
  };
  connections.set(connectionString, connection);
  connection.users += 1;

  /** Replaces a client that has stopped to answer, or keeps a failure for ever. */
  function renew(used: EventStoreDBClient): void {
    if (connection.client !== used || connection.renewing) return;
    connection.renewing = ended(used, clock).finally(() => {
      connection.client = newClient(connectionString);
      connection.renewing = undefined;
    });
  }

  async function ask<T>(question: (client: EventStoreDBClient) => Promise<T>): Promise<T> {
    await connection.renewing;
    const { client } = connection;
    const began = clock.monotonic();
    try {
      return await inTime(clock, times.answerMs, question(client));
    } catch (error) {
      const failure = failureOf(error);
      const isSilent = failure.kind === 'late' && connection.answeredAt < began;
      if (isSilent || failure.kind === 'unknown') renew(client);
      throw failure;
    }
  }

  async function page(
    open: (client: EventStoreDBClient) => EventStream,
    signal?: AbortSignal,
  ): Promise<readonly RecordedEvent[]> {
    await connection.renewing;
    const { client } = connection;
    const events = await collect(open(client), clock, times.eventMs, signal);
    // A client that is replaced ends its pages early, and reports no error.
    if (connection.client !== client || connection.renewing)
      throw new Failure('unreachable', 'the connection was renewed');
    return events;
  }

  return {
    serverVersion: () => ask(async (client) => (await opened(client).capabilities).serverVersion),

    async append(stream, events, expected) {
      try {
        const { nextExpectedRevision, position } = await ask((client) =>
          client.appendToStream(stream, events.map(toClient), {
            expectedRevision: expected === NO_STREAM ? NOT_THERE : BigInt(expected),
            deadline: times.answerMs, // the server writes nothing after it
            requiresLeader: true,
          }),
        );
        connection.answeredAt = clock.monotonic();
        return { ok: true, revision: Number(nextExpectedRevision), position: known(position?.commit) };
      } catch (error) {
        if (!isFailure(error, 'conflict')) throw error;
        connection.answeredAt = clock.monotonic();
        return { ok: false, actual: actualRevision(error.cause) };
      }
    },

    async stream(stream, { from, isBackwards = false, count }) {
      try {
        return await page((client) =>
          client.readStream(stream, {
            direction: isBackwards ? BACKWARDS : FORWARDS,
            fromRevision: from === undefined ? (isBackwards ? END : START) : BigInt(from),
            maxCount: count,
            requiresLeader: true, // other nodes of a cluster lag
          }),
        );
      } catch (error) {
        if (isFailure(error, 'missing')) return [];
        throw error;
      }
    },

    async all({ from, isBackwards = false, count, signal }) {
      const isFromEdge = from === undefined || (from === 0n && !isBackwards);
      const isInclusive = !isFromEdge && !isBackwards;
      const events = await page(
        (client) =>
          client.readAll({
            direction: isBackwards ? BACKWARDS : FORWARDS,
            fromPosition: isFromEdge ? (isBackwards ? END : START) : { commit: from, prepare: from },
            maxCount: isInclusive ? count + 1 : count,
            requiresLeader: true,
          }),
        signal,
      );
      return isInclusive ? events.filter(({ position }) => position > from).slice(0, count) : events;
    },

    follow: (after) => followerOf(connection.client, after),

    async close() {
      connection.users -= 1;
      if (connection.users > 0) return;
      connections.delete(connectionString);
      await connection.renewing;
      await ended(connection.client, clock);
    },
  };
}

function newClient(connectionString: string): EventStoreDBClient {
  return EventStoreDBClient.connectionString(connectionString);
}

/** Ends what a client does, and its connection; it would connect again if it were used. */
async function ended(client: EventStoreDBClient, clock: Clock): Promise<void> {
  const ending = client.dispose().then(async () => (await opened(client).getChannel()).close());
  await inTime(clock, END_MS, ending).catch(() => {}); // it is not used any more, whatever became of it
}

/** Parts of the client that its types hide. */
interface Opened {
  readonly capabilities: Promise<{ readonly serverVersion: string }>;
  getChannel(): Promise<{ close(): void }>;
}
const opened = (client: EventStoreDBClient): Opened => client as unknown as Opened;

const isFailure = (error: unknown, kind: FailureKind): error is Failure =>
  error instanceof Failure && error.kind === kind;

/** Revision that a refused append was told; NO_STREAM where the stream does not exist. */
function actualRevision(conflict: unknown): number {
  const isTold = typeof conflict === 'object' && conflict !== null && 'actualVersion' in conflict;
  return isTold && typeof conflict.actualVersion === 'bigint' ? Number(conflict.actualVersion) : NO_STREAM;
}

const known = (position: bigint | undefined): bigint | undefined =>
  position === undefined || position === NO_POSITION ? undefined : position;

const toClient = ({ id, type, data, metadata }: ProposedEvent) =>
  // The type of `data` names objects only; the client sends whatever JSON can say.
  jsonEvent({ id, type, data: data as Record<string, unknown>, metadata: { ...metadata } });

interface EventStream {
  on(event: 'data', listen: (event: ResolvedEvent | AllStreamResolvedEvent) => void): unknown;
  on(event: 'error', listen: (error: unknown) => void): unknown;
  on(event: 'end' | 'close', listen: () => void): unknown;
  cancel(): Promise<void>;
}

/** Reads a page to its end. */
function collect(
  stream: EventStream,
  clock: Clock,
  eventMs: number,
  signal: AbortSignal | undefined,
): Promise<readonly RecordedEvent[]> {
  return new Promise((resolve, reject) => {
    const events: RecordedEvent[] = [];
    let seen = 0;
    let timer: Timer | undefined;
    const settle = (failure?: Failure) => {
      timer?.cancel();
      signal?.removeEventListener('abort', abort);
      if (failure) reject(failure);
      else resolve(events);
    };
    const give = (failure: Failure) => {
      settle(failure);
      stream.cancel().catch(() => {}); // where it never began there is nothing to cancel
    };
    const abort = () => give(new Failure('unreachable', 'the reader has left'));
    const watch = () => {
      timer = clock.timer(eventMs, () => {
        if (events.length === seen) return give(new Failure('late', `no event within ${eventMs} ms`));
        seen = events.length;
        watch();
      });
    };
    stream.on('data', (resolved) => {
      const event = recordedEvent(resolved);
      if (event) events.push(event);
    });
    stream.on('error', (error) => settle(failureOf(error)));
    stream.on('end', () => settle());
    stream.on('close', () => settle());
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) abort();
    else watch();
  });
}

function followerOf(client: EventStoreDBClient, after: bigint): Follower {
  const subscription = client.subscribeToAll({
    fromPosition: after === 0n ? START : { commit: after, prepare: after },
    requiresLeader: true,
  });
  subscription.on('error', () => {}); // an error that comes when nobody waits would end the process; the iterator has it too
  const items = subscription[Symbol.asyncIterator]();
  return {
    async next() {
      for (;;) {
        const item = await items.next().catch((error: unknown) => {
          throw failureOf(error);
        });
        if (item.done) return undefined;
        const event = recordedEvent(item.value);
        if (event) return event;
      }
    },
    isBehind: () => subscription.readableLength > 0,
    end() {
      subscription.unsubscribe().catch(() => {}); // where it never began there is nothing to end
      subscription.destroy();
    },
  };
}

/** @throws Failure when the server does not say positions in a stream: it is too old */
function recordedEvent({ event, link }: ResolvedEvent | AllStreamResolvedEvent): RecordedEvent | undefined {
  const own = link ?? event;
  if (own === undefined) return undefined;
  const position = own.position?.commit;
  return {
    stream: own.streamId,
    revision: Number(own.revision),
    type: own.type,
    data: own.data,
    metadata: own.metadata,
    isJson: own.isJson,
    position: position ?? NO_POSITION,
  };
}
