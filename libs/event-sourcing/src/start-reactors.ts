import { PositionOfOtherStoreError } from '#event-store';
import { pause, type Clock, type Logger, type Position } from '#kernel';
import type { ReadStore } from '#read-store';
import { takeLease, type Lease } from './lease.ts';
import type { LogFeed } from './log-feed.ts';
import { LostLeaseError } from './projection-lead.ts';
import type { Reactor } from './service.ts';

export interface ReactorsOptions {
  readonly feed: LogFeed;
  readonly readStore: ReadStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** Unique to this process. */
  readonly owner: string;
}

const FOLLOW_MS = 500;
const BACK_OFF_MS = { first: 1_000, most: 60_000 } as const;
/** Milliseconds until a checkpoint that passed over events without a reaction is stored. */
const STORE_WITHIN_MS = 1_000;

/** Runs reactors, each with a checkpoint and a lease of its own (`reactor.<name>`), until `close`. */
export function startReactors(reactors: readonly Reactor[], options: ReactorsOptions): { close(): Promise<void> } {
  const stop = new AbortController();
  const running = reactors.map((reactor) => runReactor(reactor, options, stop.signal));
  return {
    async close() {
      stop.abort();
      await Promise.all(running);
    },
  };
}

async function runReactor(reactor: Reactor, options: ReactorsOptions, signal: AbortSignal): Promise<void> {
  const { readStore, clock, log, owner } = options;
  const name = `reactor.${reactor.name}`;
  let backOffMs: number = BACK_OFF_MS.first;
  while (!signal.aborted) {
    const lead = new AbortController();
    const end = () => lead.abort();
    signal.addEventListener('abort', end, { once: true });
    let lease: Lease | undefined;
    try {
      lease = await takeLease(readStore, clock, name, owner, end);
      if (lease === undefined) await pause(clock, FOLLOW_MS, signal);
      else await follow(reactor, { ...options, name, lease, signal: lead.signal });
      backOffMs = BACK_OFF_MS.first;
    } catch (error) {
      if (!(error instanceof LostLeaseError))
        log.warn(
          { reactor: reactor.name, cause: nameOf(error) },
          'a reactor was interrupted and goes on from its checkpoint',
        );
      await pause(clock, backOffMs, signal);
      backOffMs = Math.min(2 * backOffMs, BACK_OFF_MS.most);
    } finally {
      signal.removeEventListener('abort', end);
      await lease?.release().catch(() => {}); // it runs out by itself
    }
  }
}

interface Following extends ReactorsOptions {
  readonly name: string;
  readonly lease: Lease;
  readonly signal: AbortSignal;
}

async function follow(reactor: Reactor, following: Following): Promise<void> {
  const { name, lease, feed, readStore, clock, log, signal } = following;
  const types = new Set<string>(reactor.types);
  let stored = (await readStore.checkpoint(name))?.position;
  let storedMs = clock.monotonic();

  async function store(position: Position | undefined): Promise<void> {
    if (position === undefined || position === stored) return;
    if (!lease.isHeld()) throw new LostLeaseError('The lease ran out.');
    const outcome = await readStore.apply([], { name, token: lease.token, previous: stored, position });
    if (!outcome.ok) throw new LostLeaseError(outcome.error.detail);
    stored = position;
    storedMs = clock.monotonic();
  }

  let at = stored;
  try {
    for await (const batch of feed.follow(stored, signal)) {
      let hasReacted = false;
      for (const stored of batch.events) {
        if (!types.has(stored.type)) continue;
        if (!(await react(reactor, { event: { type: stored.type, data: stored.data }, metadata: stored }, following)))
          return;
        at = stored.position;
        hasReacted = true;
        if (clock.monotonic() - storedMs >= STORE_WITHIN_MS) await store(at);
      }
      at = batch.position;
      if (hasReacted || clock.monotonic() - storedMs >= STORE_WITHIN_MS) await store(at);
    }
    if (lease.isHeld()) await store(at);
  } catch (error) {
    if (!(error instanceof PositionOfOtherStoreError)) throw error;
    log.warn(
      { reactor: reactor.name },
      'the event store was restored or set up anew; the reactor begins with its first event',
    );
    await readStore.drop(name);
  }
}

/** Until it succeeds. False when it was stopped before. */
async function react(
  reactor: Reactor,
  recorded: Parameters<Reactor['react']>[0],
  { clock, log, signal }: Following,
): Promise<boolean> {
  for (
    let backOffMs: number = BACK_OFF_MS.first;
    !signal.aborted;
    backOffMs = Math.min(2 * backOffMs, BACK_OFF_MS.most)
  ) {
    try {
      await reactor.react(recorded);
      return true;
    } catch (error) {
      log.warn(
        {
          reactor: reactor.name,
          eventId: recorded.metadata.id,
          type: recorded.event.type,
          cause: nameOf(error),
          retryMs: backOffMs,
        },
        'a reaction failed and is tried again',
      );
      await pause(clock, backOffMs, signal);
    }
  }
  return false;
}

/** What an error is, without what it says: messages may repeat what people wrote. */
const nameOf = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return typeof error;
  return 'code' in error ? String(error.code) : 'name' in error ? String(error.name) : 'Error';
};
