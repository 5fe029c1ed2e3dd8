import type { ChainFaults, CheckedEvents, StoredEvent } from '#event-store';
import { REMOVED, type Fact, type Json, type Position, type Projection, type Recorded } from '#kernel';
import type { ReadStore, Write } from '#read-store';
import { LRUCache } from 'lru-cache';
import { EventReader, isHalt, type Halt } from './event-reader.ts';
import type { ParkedDocument } from './projection-control.ts';

/** Effect of a batch of events on the documents of a collection. */
export interface Folding {
  /** Parts that were moved out of documents, then one for each changed document. */
  readonly writes: readonly Write[];
  /** Documents that cannot be updated further, by ID. */
  readonly parked: ReadonlyMap<string, ParkedDocument>;
  /** Why the fold stopped. Everything before that event was folded, and nothing after it. */
  readonly halt: Halt | undefined;
  /** Position of the last processed event; `undefined` if there was none. */
  readonly passed: Position | undefined;
}

interface Held<D> {
  /** Position of the last folded event; `undefined` if there was none. */
  position: Position | undefined;
  document: D | undefined;
}

/** Pure projections fail identically each time. Retries help those that are not completely pure. */
const TRIES = 3;
/** Maximum number of cached documents, more than one batch can change. Others are read again. */
const HELD = 10_000;
const READ_BATCH = 50;

/** Applies a projection to sections of the log. Documents of recent batches are cached. */
export class DocumentFold<E extends Fact, D> {
  private readonly held = new LRUCache<string, Held<D>>({ max: HELD });
  private readonly reader: EventReader<E>;
  /** Documents that are split, and that this fold has begun from their first event. */
  private readonly begun = new Set<string>();

  constructor(
    private readonly projection: Projection<E, D>,
    private readonly collection: string,
    private readonly readStore: ReadStore,
    private readonly options: {
      readonly isParked: (documentId: string) => boolean;
      readonly now: () => number;
      /**
       * Builds a document from the log alone, up to and including a position. Called when an event cannot be applied to
       * a missing document, which a leader may have removed after that event if it crashed before it stored its
       * checkpoint. `undefined` where no leader has been.
       */
      readonly fromLog: (documentId: string, upTo: Position) => Promise<D | undefined> | undefined;
      /** Whether the collection is built from the first event. */
      readonly isFirstBuild: () => boolean;
    },
  ) {
    this.reader = new EventReader(projection.events);
  }

  async fold({ events, faults }: CheckedEvents): Promise<Folding> {
    const parked = new Map<string, ParkedDocument>();
    const due: { readonly id: string; readonly recorded: Recorded<E> }[] = [];
    let halt: Halt | undefined;
    let passed: Position | undefined;
    for (const stored of events) {
      try {
        const recorded = this.reader.read(stored, faults);
        if (recorded) {
          const id = this.projection.documentId(recorded);
          if (id !== undefined && !this.options.isParked(id)) due.push({ id, recorded });
        }
      } catch (error) {
        if (isHalt(error)) {
          halt = error;
          break;
        }
        parked.set(`event:${stored.id}`, this.reasonFor(error, stored));
      }
      passed = stored.position;
    }
    await this.fetch(due);

    const changed = new Map<string, Held<D>>();
    const writes: Write[] = [];
    const onPart = (write: Write) => writes.push(write);
    for (const { id, recorded } of due) {
      const { position } = recorded.metadata;
      const held = this.held.get(id) ?? { position: undefined, document: undefined };
      if (parked.has(id) || (held.position !== undefined && held.position >= position)) continue;
      try {
        const next = await this.apply(id, held.document, recorded, onPart);
        if (next === held.document) continue;
        held.document = next;
        held.position = position;
        this.held.set(id, held);
        changed.set(id, held);
      } catch (error) {
        parked.set(id, this.reasonFor(error, recorded.metadata, recorded.event.type));
      }
    }
    for (const [id, { position, document }] of changed)
      if (position !== undefined) writes.push(this.write(id, position, document));
    return { writes, parked, halt, passed };
  }

  /**
   * Folds one document from a section of the log. Throws what the projection and the reader throw.
   *
   * @param onPart called with the write of each part that is moved out of the document
   */
  async step(
    document: D | undefined,
    documentId: string,
    log: AsyncIterable<CheckedEvents>,
    upTo: Position,
    onPart: (write: Write) => void = () => {},
  ): Promise<D | undefined> {
    let state = document;
    for await (const { events, faults } of log) {
      for (const stored of events) {
        if (stored.position > upTo) return state;
        const recorded = this.recordedOf(stored, faults, documentId);
        if (recorded) state = this.applied(state, recorded, onPart);
      }
    }
    return state;
  }

  private recordedOf(stored: StoredEvent, faults: ChainFaults, documentId: string): Recorded<E> | undefined {
    try {
      const recorded = this.reader.read(stored, faults);
      return recorded && this.projection.documentId(recorded) === documentId ? recorded : undefined;
    } catch (error) {
      if (isHalt(error)) throw error;
      return undefined; // parked under its own ID
    }
  }

  /** Returns the write that replaces a document, and caches it. */
  replace(id: string, position: Position, document: D | undefined): Write {
    this.held.set(id, { position, document });
    return this.write(id, position, document);
  }

  reasonFor(
    error: unknown,
    { id, position }: { readonly id: string; readonly position: Position },
    type = 'an event',
  ): ParkedDocument {
    const name = typeof error === 'object' && error !== null && 'name' in error ? String(error.name) : 'Error';
    return { reason: `${name} at ${type} ${id}`, since: new Date(this.options.now()).toISOString(), position };
  }

  /** Returns the ID of the document that an event changes. Throws what the projection and the reader throw. */
  documentIdOf(stored: StoredEvent, faults: ChainFaults): string | undefined {
    const recorded = this.reader.read(stored, faults);
    return recorded && this.projection.documentId(recorded);
  }

  private async apply(
    id: string,
    document: D | undefined,
    recorded: Recorded<E>,
    onPart: (write: Write) => void,
  ): Promise<D | undefined> {
    for (let tries = 1; ; tries += 1) {
      try {
        return this.applied(document, recorded, onPart);
      } catch (error) {
        if (tries < TRIES) continue;
        const known = document === undefined ? this.options.fromLog(id, recorded.metadata.position) : undefined;
        if (known === undefined) throw error;
        return known;
      }
    }
  }

  private applied(document: D | undefined, recorded: Recorded<E>, onPart: (write: Write) => void): D | undefined {
    const next = this.projection.apply(document, recorded);
    if (next === REMOVED) return undefined;
    const split = this.projection.split?.(next);
    if (split === undefined) return next;
    for (const [id, part] of split.parts) onPart(this.write(id, recorded.metadata.position, part));
    return split.document;
  }

  private write(id: string, position: Position, document: D | undefined): Write {
    if (document === undefined) return { collection: this.collection, id, position, removed: true };
    // The documents of a read model are JSON by contract: engines store JSON text.
    return { collection: this.collection, id, position, document: document as Json };
  }

  /**
   * Returns whether a stored document cannot be used, because its parts may be missing: a former leader may have written
   * it after the collection was dropped.
   */
  private isWithoutParts(id: string): boolean {
    if (!this.projection.split || !this.options.isFirstBuild() || this.begun.has(id)) return false;
    this.begun.add(id);
    return true;
  }

  private async fetch(due: readonly { readonly id: string }[]): Promise<void> {
    const missing = new Set<string>();
    for (const { id } of due) if (!this.held.has(id)) missing.add(id);
    const ids = [...missing];
    for (let start = 0; start < ids.length; start += READ_BATCH) {
      await Promise.all(
        ids.slice(start, start + READ_BATCH).map(async (id) => {
          const found = this.isWithoutParts(id) ? undefined : await this.readStore.get<D>(this.collection, id);
          this.held.set(id, { position: found?.position, document: found?.document });
        }),
      );
    }
  }
}
