import type { OutputOf } from '#bus/contract';
import type { AuditHead, listSealedEventsRequest } from '#audit/contract';
import { EVENT_STORE, sealedMembers, type EventStore, type StoredEvent } from '#event-store';
import {
  ok,
  parsePosition,
  position,
  sequenceOf,
  storeOf,
  type DomainError,
  type Position,
  type Result,
} from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { TreeReader } from '../tree/tree-reader.service.ts';
import { treeProjection } from '../tree/tree.projection.ts';

type Page = Omit<OutputOf<typeof listSealedEventsRequest>, 'head'>;
export type SealedView = Page['events'][number]['event'];

/** Bytes of events in a page, so that it fits into a bus message. */
const PAGE_BYTES = 512 * 1024;
const PAGE_EVENTS = 1_000;

/** Reads the events of an organization as they were recorded. */
@Injectable()
export class SealedEvents {
  constructor(
    @Inject(EVENT_STORE) private readonly eventStore: EventStore,
    @Inject(TreeReader) private readonly tree: TreeReader,
  ) {}

  /** Returns the position that a person has written, as a whole position or as its sequence; undefined for others. */
  positionOf(text: string): Position | undefined {
    if (/^\d+$/.test(text)) return position(this.eventStore.storeId, BigInt(text));
    const parsed = parsePosition(text);
    return parsed.ok && storeOf(parsed.value) === this.eventStore.storeId ? parsed.value : undefined;
  }

  /** Returns the event of the organization at a position; undefined if there is none. */
  async at(organizationId: string, place: Position): Promise<StoredEvent | undefined> {
    const after = position(storeOf(place), Math.max(0, sequenceOf(place) - 1));
    for await (const event of this.eventStore.readAll({ after, limit: 1 }))
      return event.position === place && event.organizationId === organizationId ? event : undefined;
    return undefined;
  }

  /** Returns the events from index `from` that the head contains, as many as fit into a page. */
  async page(organizationId: string, from: number, { size }: AuditHead): Promise<Result<Page, DomainError>> {
    if (from >= size) return ok({ events: [] });
    const first = await this.tree.positionOf(organizationId, from);
    if (!first.ok) return first;
    const events: Page['events'] = [];
    const hashes = new Map<string, string>();
    if (first.value === undefined) return ok({ events });
    let bytes = 0;
    const after = position(storeOf(first.value), Math.max(0, sequenceOf(first.value) - 1));
    for await (const event of this.eventStore.readAll({ after })) {
      const previousHash = hashes.get(event.stream);
      hashes.set(event.stream, event.hash);
      if (treeProjection.documentId({ event, metadata: event }) !== organizationId) continue;
      const index = from + events.length;
      if (index === size) return ok({ events });
      if (events.length === PAGE_EVENTS || bytes > PAGE_BYTES) return ok({ events, next: index });
      const known = event.revision === 0 ? undefined : (previousHash ?? (await this.hashBefore(event)));
      events.push({ index, event: sealedView(event), ...(known !== undefined && { previousHash: known }) });
      bytes += Buffer.byteLength(JSON.stringify(event));
    }
    return ok({ events });
  }

  private async hashBefore({ stream, revision }: StoredEvent): Promise<string | undefined> {
    for await (const { hash } of this.eventStore.read(stream, { from: revision - 1, limit: 1 })) return hash;
    return undefined;
  }
}

/** Returns an event with exactly the members that its hash covers, its hash, and its position. */
export const sealedView = (event: StoredEvent): SealedView => ({ ...sealedMembers(event), position: event.position });
