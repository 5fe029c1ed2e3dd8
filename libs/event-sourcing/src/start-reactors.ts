import { PositionOfOtherStoreError } from '#event-store';
import { backOffMs, pause, type Clock, type Logger, type Position } from '#kernel';
import type { ReadStore } from '#read-store';
import { EventReader, isHalt, type Halt } from './event-reader.ts';
import { HALTED_MS, takeLease, type Lease } from './lease.ts';
import type { LogFeed } from './log-feed.ts';
import type { LogHealth } from './log-health.ts';
import { LostLeaseError } from './projection-lead.ts';
import type { Reactor } from './service.ts';

export interface ReactorsOptions {
  readonly feed: LogFeed;
  readonly readStore: ReadStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly health: LogHealth;
  /** Unique to this process. */
  readonly owner: string;
}

const FOLLOW_MS = 500;
const BACK_OFF = { firstMs: 1_000, mostMs: 60_000 };
/** Milliseconds until a checkpoint that moved without a reaction is stored. */
const STORE_WITHIN_MS = 1_000;

/** Runs reactors until `close`, each with its own checkpoint and lease (`reactor.<name>`). */
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
  const { readStore, clock, log, health, owner } = options;
  const name = `reactor.${reactor.name}`;
  let failures = 0;
  while (!signal.aborted) {
    const lead = new AbortController();
    const end = () => lead.abort();
    signal.addEventListener('abort', end, { once: true });
    let lease: Lease | undefined;
    let halt: Halt | undefined;
    try {
      lease = await takeLease(readStore, clock, name, owner, end);
      if (lease === undefined) await pause(clock, FOLLOW_MS, signal);
      else halt = await follow(reactor, { ...options, name, lease, signal: lead.signal });
      failures = 0;
    } catch (error) {
      if (!(error instanceof LostLeaseError))
        log.warn(
          { reactor: reactor.name, cause: nameOf(error) },
          'a reactor was interrupted and continues from its checkpoint',
        );
      failures += 1;
      await pause(clock, backOffMs(BACK_OFF, failures), signal);
    } finally {
      signal.removeEventListener('abort', end);
      await lease?.release().catch(() => {}); // it expires anyway
    }
    if (halt) {
      health.stop(`reactor ${reactor.name}`, halt); // another process may be able to read the event, and take over
      await pause(clock, HALTED_MS, signal);
    }
  }
}

interface Following extends ReactorsOptions {
  readonly name: string;
  readonly lease: Lease;
  readonly signal: AbortSignal;
}

/**
 * Follows the log until it is stopped.
 *
 * @returns the event before which it had to stop, which is its checkpoint
 */
async function follow(reactor: Reactor, following: Following): Promise<Halt | undefined> {
  const { name, lease, feed, readStore, clock, log, health, signal } = following;
  const types = new Set<string>(reactor.types);
  const reader = new EventReader(reactor.events);
  let stored = (await readStore.checkpoint(name))?.position;
  let storedMs = clock.monotonic();

  async function store(position: Position | undefined): Promise<void> {
    if (position === undefined || position === stored) return;
    if (!lease.isHeld()) throw new LostLeaseError('The lease has expired.');
    const outcome = await readStore.apply([], { name, token: lease.token, previous: stored, position });
    if (!outcome.ok) throw new LostLeaseError(outcome.error.detail);
    stored = position;
    storedMs = clock.monotonic();
  }

  let at = stored;
  try {
    for await (const batch of feed.follow(stored, signal)) {
      let hasReacted = false;
      for (const event of batch.events) {
        const recorded = reader.read(event, batch.faults);
        if (recorded && types.has(recorded.event.type)) {
          if (!(await react(reactor, recorded, following))) return undefined;
          hasReacted = true;
        }
        at = event.position;
        if (hasReacted && clock.monotonic() - storedMs >= STORE_WITHIN_MS) await store(at);
      }
      at = batch.position;
      if (batch.isLevel) health.resume(`reactor ${reactor.name}`);
      if (hasReacted || clock.monotonic() - storedMs >= STORE_WITHIN_MS) await store(at);
    }
    if (lease.isHeld()) await store(at);
  } catch (error) {
    if (isHalt(error)) {
      await store(at);
      return error;
    }
    if (!(error instanceof PositionOfOtherStoreError)) throw error;
    log.warn(
      { reactor: reactor.name },
      'the event store was restored or recreated; the reactor begins with its first event',
    );
    await readStore.drop(name);
  }
  return undefined;
}

/** Calls `react` until it succeeds. Returns false if it was stopped before. */
async function react(
  reactor: Reactor,
  recorded: Parameters<Reactor['react']>[0],
  { clock, log, signal }: Following,
): Promise<boolean> {
  const { delayMs = 0 } = reactor;
  const waitMs = Date.parse(recorded.metadata.recordedAt) + delayMs - clock.now();
  // At most the delay, even if the event's clock was ahead.
  if (waitMs > 0) await pause(clock, Math.min(waitMs, delayMs), signal);
  for (let failures = 1; !signal.aborted; failures += 1) {
    try {
      await reactor.react(recorded);
      return true;
    } catch (error) {
      const retryMs = backOffMs(BACK_OFF, failures);
      log.warn(
        {
          reactor: reactor.name,
          eventId: recorded.metadata.id,
          type: recorded.event.type,
          cause: nameOf(error),
          retryMs,
        },
        'a reaction failed and is retried',
      );
      await pause(clock, retryMs, signal);
    }
  }
  return false;
}

/** Returns the kind of an error without its message, which may contain text of users. */
const nameOf = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return typeof error;
  return 'code' in error ? String(error.code) : 'name' in error ? String(error.name) : 'Error';
};
