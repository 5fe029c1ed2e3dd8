import { DomainErrorException } from '#bus';
import { EVENT_STORE, type ChainFaults, type EventStore, type StoredEvent } from '#event-store';
import {
  EventReader,
  haltRefusal,
  isHalt,
  LOG_FEED,
  READ_MODELS,
  type LogFeed,
  type ReadModels,
} from '#event-sourcing';
import { position, type Position } from '#kernel';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { deploymentFamily, type ApplicationDocument } from './application-document.ts';
import { applicationsProjection } from './applications.projection.ts';
import { eventLine, progressLine, type EventLine } from './event-line.ts';

/** A change of an application, and its document at that time or a little later. */
export interface ApplicationChange {
  readonly line: EventLine;
  /** Progress within a step. Watchers receive it, but `app events` does not list it. */
  readonly isProgress: boolean;
  /** Undefined while the read model is unavailable. */
  readonly document: ApplicationDocument | undefined;
}

/** Changes that are buffered for one reader. A slower reader reads the rest from the event log. */
const WAITING = 1_000;

/**
 * Streams changes of applications. The event log is followed once for all readers of this process: each event, and the
 * document that it changed, is read once, and only if a reader watches its organization.
 */
@Injectable()
export class ApplicationChanges implements OnModuleDestroy {
  private readonly reader = new EventReader(deploymentFamily);
  private readonly readers = new Map<string, Set<Reader>>();
  private following: Following | undefined;

  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(EVENT_STORE) private readonly eventStore: EventStore,
    @Inject(LOG_FEED) private readonly feed: LogFeed,
  ) {}

  /**
   * Yields the changes in one organization after a position, until `signal` aborts.
   * @param wants selects the changes to yield; others do not wake the reader
   * @throws DomainErrorException if the event log cannot be read
   */
  async *after(
    start: Position,
    organizationId: string,
    signal: AbortSignal,
    wants: (change: ApplicationChange) => boolean = () => true,
  ): AsyncGenerator<ApplicationChange> {
    let at = start;
    while (!signal.aborted) {
      const reader = new Reader(signal, wants);
      const following = this.join(organizationId, reader);
      try {
        await following.begun;
        const from = following.position;
        if (at < from) {
          for await (const change of this.between(at, from, organizationId, signal)) if (wants(change)) yield change;
          at = from;
        }
        for await (const change of reader.changes()) {
          if (change.line.position <= at) continue;
          at = change.line.position;
          yield change;
        }
        if (reader.isOver) return;
      } finally {
        this.leave(organizationId, reader);
      }
    }
  }

  onModuleDestroy(): void {
    this.following?.stop.abort();
  }

  /** Yields the changes that the event log contains after one position, up to and including another. */
  private async *between(
    after: Position,
    upTo: Position,
    organizationId: string,
    signal: AbortSignal,
  ): AsyncGenerator<ApplicationChange> {
    try {
      for await (const batch of this.feed.follow(after, signal)) {
        for (const stored of batch.events) {
          if (stored.position > upTo) return;
          const change = isOf(stored, organizationId) ? await this.changeOf(stored, batch.faults) : undefined;
          if (change && isIn(change, stored, organizationId)) yield change;
        }
        if (batch.position >= upTo) return;
      }
    } catch (error) {
      throw refusalFor(error);
    }
  }

  private async changeOf(stored: StoredEvent, faults: ChainFaults): Promise<ApplicationChange | undefined> {
    const recorded = this.reader.read(stored, faults);
    if (!recorded) return undefined;
    const line = eventLine(recorded);
    const told = line ?? progressLine(recorded);
    if (!told) return undefined;
    const found = await this.readModels.get(applicationsProjection, told.applicationId, stored.position);
    return { line: told, isProgress: line === undefined, document: found.ok ? found.value?.document : undefined };
  }

  /** Registers a reader. It receives no change before the position at `begun`, and all changes after it. */
  private join(organizationId: string, reader: Reader): Following {
    const following = (this.following ??= this.begin());
    const known = this.readers.get(organizationId);
    if (known) known.add(reader);
    else this.readers.set(organizationId, new Set([reader]));
    return following;
  }

  private leave(organizationId: string, reader: Reader): void {
    const others = this.readers.get(organizationId);
    others?.delete(reader);
    if (others?.size === 0) this.readers.delete(organizationId);
    if (this.readers.size > 0) return;
    this.following?.stop.abort();
    this.following = undefined;
  }

  private begin(): Following {
    const stop = new AbortController();
    const head = this.eventStore.head();
    const following: Following = {
      position: position(this.eventStore.storeId, 0),
      begun: head.then((at) => void (following.position = at)),
      stop,
    };
    following.begun
      .then(() => this.follow(following))
      .then(
        () => this.over(following, undefined),
        (error: unknown) => this.over(following, { error: refusalFor(error) }),
      );
    return following;
  }

  private async follow(following: Following): Promise<void> {
    for await (const batch of this.feed.follow(following.position, following.stop.signal)) {
      for (const stored of batch.events) {
        following.position = stored.position; // a reader that joins from here on reads this event from the log
        await this.notify(stored, batch.faults);
      }
      following.position = batch.position;
    }
  }

  private async notify(stored: StoredEvent, faults: ChainFaults): Promise<void> {
    const { organizationId } = stored;
    if (organizationId !== undefined && !this.readers.has(organizationId)) return;
    const change = await this.changeOf(stored, faults);
    const concerned = organizationId ?? change?.document?.organizationId;
    if (!change || concerned === undefined || !isIn(change, stored, concerned)) return;
    for (const reader of this.readers.get(concerned) ?? []) reader.notify(change);
  }

  private over(following: Following, failure: { readonly error: unknown } | undefined): void {
    if (this.following !== following) return; // its last reader has left
    this.following = undefined;
    for (const readers of this.readers.values()) for (const reader of readers) reader.end(failure);
  }
}

interface Following {
  /** All events up to this position were delivered. */
  position: Position;
  /** Settles when the start position is known. */
  readonly begun: Promise<void>;
  readonly stop: AbortController;
}

/** Buffers changes for one consumer. */
class Reader {
  private waiting: ApplicationChange[] = [];
  private isBehind = false;
  private failure: { readonly error: unknown } | undefined;
  /** Whether no further changes will be delivered. */
  isOver = false;
  private wake = (): void => {};

  constructor(
    private readonly signal: AbortSignal,
    private readonly wants: (change: ApplicationChange) => boolean,
  ) {}

  notify(change: ApplicationChange): void {
    if (!this.wants(change)) return;
    if (this.waiting.length >= WAITING) this.isBehind = true;
    if (!this.isBehind) this.waiting.push(change);
    this.wake();
  }

  end(failure: { readonly error: unknown } | undefined): void {
    this.failure = failure;
    this.isOver = true;
    this.wake();
  }

  /** Yields changes until the reader has fallen behind or the signal aborts. */
  async *changes(): AsyncGenerator<ApplicationChange> {
    const woken = (): void => this.wake();
    this.signal.addEventListener('abort', woken);
    try {
      while (!this.signal.aborted) {
        const changes = this.waiting;
        this.waiting = [];
        for (const change of changes) {
          if (this.signal.aborted) return;
          yield change;
        }
        if (this.waiting.length > 0) continue;
        if (this.failure) throw this.failure.error;
        if (this.isBehind || this.isOver) return;
        await new Promise<void>((resolve) => (this.wake = resolve));
      }
    } finally {
      this.signal.removeEventListener('abort', woken);
    }
  }
}

/** Returns whether an event may concern an organization, according to its envelope. */
const isOf = ({ organizationId: own }: StoredEvent, organizationId: string): boolean =>
  own === undefined || own === organizationId;

/**
 * Returns whether a change concerns an organization. An event without an organization belongs to the one of its
 * application.
 */
const isIn = (
  { document }: ApplicationChange,
  { organizationId: own }: StoredEvent,
  organizationId: string,
): boolean => (document ? document.organizationId === organizationId : own === organizationId);

const refusalFor = (error: unknown): unknown => (isHalt(error) ? new DomainErrorException(haltRefusal(error)) : error);
