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

/** The server's response to an append. */
export type AppendResponse =
  | {
      readonly ok: true;
      /** Revision of the last event. */
      readonly revision: number;
      /** Commit position of the last event, if the response has one. */
      readonly position: bigint | undefined;
    }
  | {
      readonly ok: false;
      /** Revision of the stream's last event; NO_STREAM if it has none. */
      readonly actual: number;
    };

/** Time limits in milliseconds. */
export interface Times {
  /** For the response to an append or another request. */
  readonly responseMs: number;
  /** For the next event of a page. */
  readonly eventMs: number;
  /** After this time without an event, a subscription is compared with the log. */
  readonly idleMs: number;
  /** After this time, a failure is not retried, so that callers do not wait for a server that hangs. */
  readonly retryWindowMs: number;
}

/** A subscription to everything after a position. */
export interface Follower {
  /**
   * Returns the next event; `undefined` after the subscription was ended.
   *
   * @throws Failure if it is broken
   */
  next(): Promise<RecordedEvent | undefined>;
  /** Returns whether the next event has already arrived. */
  isBehind(): boolean;
  end(): void;
}

/** The functions of EventStoreDB that the adapter uses. All methods throw a Failure and nothing else. */
export interface LogClient {
  /** Returns a version such as `23.10.8`; `unknown` for servers that do not support this request. */
  serverVersion(): Promise<string>;
  /**
   * Appends events.
   *
   * @param expected revision of the last event, or NO_STREAM
   */
  append(stream: string, events: readonly ProposedEvent[], expected: number): Promise<AppendResponse>;
  /**
   * Reads at most `count` events of a stream; fewer at its end.
   *
   * @param from default: the beginning, or the end when reading backwards
   */
  stream(stream: string, options: StreamPage): Promise<readonly RecordedEvent[]>;
  /**
   * Reads at most `count` events of the log, including those of the server.
   *
   * @param from exclusive; default as for a stream
   */
  all(options: LogPage): Promise<readonly RecordedEvent[]>;
  /**
   * Subscribes to the log.
   *
   * @param after commit position; 0 for the beginning
   */
  follow(after: bigint): Follower;
  /** Resolves when all connections are closed. No request may be in progress. */
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

/** The server's value for a missing position. */
const NO_POSITION = 0xffff_ffff_ffff_ffffn;
/** How long closing the old connection may take. */
const END_MS = 1_000;

/**
 * The client of this process for an address. Clients share a table of pending appends, so that disposing of one while
 * another waits would lose responses. Opening the same store again therefore returns the same client.
 */
interface Connection {
  client: EventStoreDBClient;
  users: number;
  /** Monotonic time of the last response to an append. */
  respondedAt: number;
  /** Set while the client is replaced and requests must wait. */
  renewing: Promise<void> | undefined;
}

const connections = new Map<string, Connection>();

/** Creates a client, which connects at the first request. */
export function connectTo({ connectionString }: Address, clock: Clock, times: Times): LogClient {
  const connection = connections.get(connectionString) ?? {
    client: newClient(connectionString),
    users: 0,
    respondedAt: 0,
    renewing: undefined,
  };
  connections.set(connectionString, connection);
  connection.users += 1;

  /** Replaces a client that no longer responds or fails permanently. */
  function renew(used: EventStoreDBClient): void {
    if (connection.client !== used || connection.renewing) return;
    connection.renewing = ended(used, clock).finally(() => {
      connection.client = newClient(connectionString);
      connection.renewing = undefined;
    });
  }

  async function call<T>(operation: (client: EventStoreDBClient) => Promise<T>): Promise<T> {
    await connection.renewing;
    const { client } = connection;
    const started = clock.monotonic();
    try {
      return await inTime(clock, times.responseMs, operation(client));
    } catch (error) {
      const failure = failureOf(error);
      const isUnresponsive = failure.kind === 'late' && connection.respondedAt < started;
      if (isUnresponsive || failure.kind === 'unknown') renew(client);
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
    // A client that is replaced ends its pages early, without an error.
    if (connection.client !== client || connection.renewing)
      throw new Failure('unreachable', 'the connection was renewed');
    return events;
  }

  return {
    serverVersion: () => call(async (client) => (await opened(client).capabilities).serverVersion),

    async append(stream, events, expected) {
      try {
        const { nextExpectedRevision, position } = await call((client) =>
          client.appendToStream(stream, events.map(toClient), {
            expectedRevision: expected === NO_STREAM ? NOT_THERE : BigInt(expected),
            deadline: times.responseMs, // the server writes nothing after the deadline
            requiresLeader: true,
          }),
        );
        connection.respondedAt = clock.monotonic();
        return { ok: true, revision: Number(nextExpectedRevision), position: knownPosition(position?.commit) };
      } catch (error) {
        if (!isFailure(error, 'conflict')) throw error;
        connection.respondedAt = clock.monotonic();
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

/** Ends all operations of a client, and its connection. It would reconnect if it were used again. */
async function ended(client: EventStoreDBClient, clock: Clock): Promise<void> {
  const ending = client.dispose().then(async () => (await opened(client).getChannel()).close());
  await inTime(clock, END_MS, ending).catch(() => {}); // the client is not used again in any case
}

/** Members of the client that its types do not include. */
interface Opened {
  readonly capabilities: Promise<{ readonly serverVersion: string }>;
  getChannel(): Promise<{ close(): void }>;
}
const opened = (client: EventStoreDBClient): Opened => client as unknown as Opened;

const isFailure = (error: unknown, kind: FailureKind): error is Failure =>
  error instanceof Failure && error.kind === kind;

/** Returns the actual revision from a rejected append; NO_STREAM if the stream does not exist. */
function actualRevision(conflict: unknown): number {
  const hasActualVersion = typeof conflict === 'object' && conflict !== null && 'actualVersion' in conflict;
  return hasActualVersion && typeof conflict.actualVersion === 'bigint' ? Number(conflict.actualVersion) : NO_STREAM;
}

const knownPosition = (position: bigint | undefined): bigint | undefined =>
  position === undefined || position === NO_POSITION ? undefined : position;

const toClient = ({ id, type, data, metadata }: ProposedEvent) =>
  // The type of `data` allows only objects; the client sends any JSON.
  jsonEvent({ id, type, data: data as Record<string, unknown>, metadata: { ...metadata } });

interface EventStream {
  on(event: 'data', listen: (event: ResolvedEvent | AllStreamResolvedEvent) => void): unknown;
  on(event: 'error', listen: (error: unknown) => void): unknown;
  on(event: 'end' | 'close', listen: () => void): unknown;
  cancel(): Promise<void>;
}

/** Reads all events of a page. */
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
    const fail = (failure: Failure) => {
      settle(failure);
      stream.cancel().catch(() => {}); // if it never started, there is nothing to cancel
    };
    const abort = () => fail(new Failure('unreachable', 'the reader has left'));
    const watch = () => {
      timer = clock.timer(eventMs, () => {
        if (events.length === seen) return fail(new Failure('late', `no event within ${eventMs} ms`));
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
  // Without this listener, a late error would end the process; the iterator receives it too.
  subscription.on('error', () => {});
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
      subscription.unsubscribe().catch(() => {}); // if it never started, there is nothing to end
      subscription.destroy();
    },
  };
}

/**
 * Converts an event of the client.
 *
 * @throws Failure if the server is too old to return positions in a stream
 */
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
