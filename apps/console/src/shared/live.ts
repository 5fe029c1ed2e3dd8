import { ApiStreamError } from '#api-client';
import { CHANGES_ITEM_EVERY_MS, organizationChangesRequest, type OrganizationChange } from '#audit/contract';
import { backOffMs, chance, pause } from '#kernel';
import { useEffect } from 'react';
import { isAffected } from './affected.ts';
import { browserClock, browserIds } from './browser.ts';
import { client, forgetPosition, remember } from './platform.ts';
import { queries } from './queries.ts';
import { loginAgain } from './session.ts';
import { createStore } from './store.ts';

/** State of the live connection of this tab. */
export interface Connection {
  /** Whether nothing was heard for 10 s. */
  readonly isStale: boolean;
  /** When the platform was last heard, milliseconds since 1970. */
  readonly asOfMs: number;
}

export const connection = createStore<Connection>({ isStale: false, asOfMs: 0 });

const SILENCE_MS = 2 * CHANGES_ITEM_EVERY_MS;
/** Changes in this time are read together. */
const TOGETHER_MS = 100;
const RECONNECT = { firstMs: 500, mostMs: 10_000, spread: 0.5 };
/** A hidden tab disconnects after this time: over HTTP/1.1, a browser has six connections for all tabs together. */
const HIDDEN_MS = 15_000;
/** Refusals after which the stream begins again, and everything is read. */
const BEGIN_AGAIN = ['audit/too-many-missed', 'position/other-store'];

/** Keeps what is shown of an organization current, while the component is shown. */
export function useLive(org: string): void {
  useEffect(() => {
    const stop = new AbortController();
    void new Live(org, stop.signal).run();
    return () => stop.abort();
  }, [org]);
}

class Live {
  private after: string | undefined;
  private failures = 0;
  private pending: OrganizationChange[] = [];
  private isReading = false;

  constructor(
    private readonly org: string,
    private readonly signal: AbortSignal,
  ) {}

  async run(): Promise<void> {
    const { signal } = this;
    while (!signal.aborted) {
      await visible(signal);
      if (signal.aborted) return;
      const isWanted = await this.follow().catch((error: unknown) => this.afterFailure(error));
      if (!isWanted) return;
      if (this.failures > 0) await pause(browserClock, backOffMs(RECONNECT, this.failures, chance(browserIds)), signal);
    }
  }

  /** Reads one connection until it ends or is silent. Returns whether to connect again. */
  private async follow(): Promise<boolean> {
    const connected = new AbortController();
    const heard = new Silence(() => {
      connection.set({ ...connection.get(), isStale: true });
      connected.abort();
    });
    const unwatch = whenHidden(() => connected.abort());
    const input = { org: this.org, ...(this.after !== undefined && { after: this.after }) };
    try {
      heard.restart();
      const signal = AbortSignal.any([this.signal, connected.signal]);
      for await (const item of client.stream(organizationChangesRequest, input, signal)) {
        heard.restart();
        this.failures = 0;
        connection.set({ isStale: false, asOfMs: browserClock.now() });
        if (item.kind !== 'current') this.changed(item);
        else if (this.after === undefined) this.readAll(); // what was read before may be older
        this.after = item.position;
      }
    } finally {
      heard.stop();
      unwatch();
    }
    return true;
  }

  private async afterFailure(error: unknown): Promise<boolean> {
    this.failures += 1;
    if (!(error instanceof ApiStreamError)) throw error;
    const { code, kind } = error.error;
    if (BEGIN_AGAIN.includes(code)) {
      this.after = undefined;
      forgetPosition();
    } else if (error.status === 401) {
      if (await loginAgain('ended')) this.failures = 0;
    } else if (kind === 'forbidden' || kind === 'not-found') {
      this.readAll(); // the pages show the refusal
      return false;
    }
    if (this.failures > 1) connection.set({ ...connection.get(), isStale: true });
    return true;
  }

  private readAll(): void {
    void queries.invalidateQueries({ predicate: ({ queryKey: [org] }) => org === '' || org === this.org });
  }

  private changed(change: OrganizationChange): void {
    remember(change.position);
    this.pending.push(change);
    void this.readChanged();
  }

  /** Reads what the changes affect, as often as the platform responds. */
  private async readChanged(): Promise<void> {
    if (this.isReading) return;
    this.isReading = true;
    while (this.pending.length > 0 && !this.signal.aborted) {
      await pause(browserClock, TOGETHER_MS, this.signal);
      const changes = this.pending.splice(0);
      await queries.invalidateQueries({
        predicate: ({ queryKey }) => changes.some((change) => isAffected(queryKey, change, this.org)),
      });
    }
    this.isReading = false;
  }
}

/** Calls `silent` when nothing was heard for 10 s. */
class Silence {
  private timer = { cancel: () => {} };

  constructor(private readonly silent: () => void) {}

  restart(): void {
    this.timer.cancel();
    this.timer = browserClock.timer(SILENCE_MS, this.silent);
  }

  stop(): void {
    this.timer.cancel();
  }
}

/** Resolves when the tab can be seen, or the signal aborts. */
function visible(signal: AbortSignal): Promise<void> {
  if (!document.hidden || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const seen = () => {
      document.removeEventListener('visibilitychange', seen);
      resolve();
    };
    document.addEventListener('visibilitychange', seen);
    signal.addEventListener('abort', seen, { once: true });
  });
}

/** Calls `hidden` when the tab was hidden for a while. Returns a function that stops that. */
function whenHidden(hidden: () => void): () => void {
  let timer = { cancel: () => {} };
  const changed = () => {
    timer.cancel();
    if (document.hidden) timer = browserClock.timer(HIDDEN_MS, hidden);
  };
  document.addEventListener('visibilitychange', changed);
  return () => {
    timer.cancel();
    document.removeEventListener('visibilitychange', changed);
  };
}
