import {
  Caller,
  Cancelled,
  DomainErrorException,
  Input,
  orThrow,
  Serves,
  type ContextOf,
  type OrganizationContext,
} from '#bus';
import type { InputOf } from '#bus/contract';
import { clusterEventsRequest, type ClusterEventView, type ClusterState } from '#deployments/contract';
import { EVENT_STORE, type EventStore, type StoredEvent } from '#event-store';
import { EventReader, haltRefusal, isHalt, LOG_FEED, type LogFeed } from '#event-sourcing';
import { keptPosition, type Position } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { OrganizationLookup } from '../shared/organization-lookup.service.ts';
import { ClusterDocuments } from './cluster-documents.service.ts';
import { clusterLine, type ClusterLine } from './cluster-line.ts';
import { clusterEvents } from './cluster.events.ts';

interface EventsRange {
  /** Stream of the cluster. */
  readonly stream: string;
  /** Position after which to start. */
  readonly from: Position | undefined;
  readonly limit: number;
  /** Whether to continue with new events. */
  readonly follow: boolean;
}

/** A line, and the event that it is about. */
interface PlacedLine extends ClusterLine {
  readonly stored: StoredEvent;
}

/** Streams the events of a cluster. An error is returned before the first item. */
@Controller()
export class ClusterEventsQueries {
  private readonly reader = new EventReader(clusterEvents);

  constructor(
    @Inject(EVENT_STORE) private readonly eventStore: EventStore,
    @Inject(LOG_FEED) private readonly feed: LogFeed,
    @Inject(ClusterDocuments) private readonly clusters: ClusterDocuments,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
  ) {}

  @Serves(clusterEventsRequest)
  async events(
    @Input() { name, follow, after, limit }: InputOf<typeof clusterEventsRequest>,
    @Caller() context: ContextOf<typeof clusterEventsRequest>,
    @Cancelled() signal: AbortSignal,
  ): Promise<AsyncIterable<ClusterEventView>> {
    const from = orThrow(keptPosition(after, this.eventStore.storeId));
    const { id } = orThrow(await this.clusters.find(name, context));
    const range = { stream: `cluster-${id}`, from, limit: follow ? Number.POSITIVE_INFINITY : limit, follow };
    return this.views(range, context, signal);
  }

  private async *views(
    range: EventsRange,
    context: OrganizationContext,
    signal: AbortSignal,
  ): AsyncGenerator<ClusterEventView> {
    const nameOf = this.organizations.namesIn(context);
    try {
      for await (const { state, message, stored } of this.lines(range, signal)) {
        const { recordedAt: time, actor, position } = stored;
        yield { time, state, by: await nameOf(actor), message, position };
      }
    } catch (error) {
      throw isHalt(error) ? new DomainErrorException(haltRefusal(error)) : error;
    }
  }

  /** Yields what is stored, then what follows until the cluster is removed, without duplicates or gaps. */
  private async *lines(
    { stream, from, limit, follow }: EventsRange,
    signal: AbortSignal,
  ): AsyncGenerator<PlacedLine, void, undefined> {
    const now = await this.eventStore.head();
    let state: ClusterState = 'PENDING';
    let left = limit;
    for await (const stored of this.eventStore.read(stream)) {
      if (signal.aborted || stored.position > now) break;
      const line = clusterLine(this.reader.current(stored), state);
      if (!line) continue;
      state = line.state;
      if (from !== undefined && stored.position <= from) continue;
      yield { ...line, stored };
      left -= 1;
      if (left === 0) return;
    }
    if (!follow) return;
    for await (const { events, faults } of this.feed.follow(from !== undefined && from > now ? from : now, signal)) {
      for (const stored of events) {
        if (stored.stream !== stream) continue;
        const recorded = this.reader.read(stored, faults);
        const line = recorded && clusterLine(recorded.event, state);
        if (!line) continue;
        state = line.state;
        yield { ...line, stored };
        if (recorded.event.type === 'cluster.deleted.v1') return;
      }
    }
  }
}
