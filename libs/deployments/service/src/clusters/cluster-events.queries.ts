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
import {
  allClusterEventsRequest,
  clusterEventsRequest,
  type ClusterEventView,
  type ClusterState,
} from '#deployments/contract';
import { EVENT_STORE, type EventStore, type StoredEvent } from '#event-store';
import { EventReader, haltRefusal, isHalt, LOG_FEED, type LogFeed } from '#event-sourcing';
import { idOf, keptPosition, type Position } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { OrganizationLookup } from '../shared/organization-lookup.service.ts';
import { ClusterDocuments } from './cluster-documents.service.ts';
import { clusterLine, type ClusterLine } from './cluster-line.ts';
import { clusterEvents } from './cluster.events.ts';

type Place = Pick<InputOf<typeof clusterEventsRequest>, 'follow' | 'after' | 'limit'>;

/** A line, its cluster, and the event that it is about. */
interface PlacedLine extends ClusterLine {
  readonly cluster: string;
  readonly stored: StoredEvent;
}

/** A cluster whose events are listed. */
interface Listed {
  readonly id: string;
  readonly name: string;
  /** After the last event that was read. */
  state: ClusterState;
}

/** What is listed: the clusters, or all that the organization has and adds. */
interface Listing {
  readonly clusters: ReadonlyMap<string, Listed>;
  /** Adds a cluster that was registered after the beginning; undefined if these are not listed. */
  readonly added: ((id: string, position: Position) => Promise<Listed>) | undefined;
}

/** Streams the events of one cluster, or of all of an organization. An error is returned before the first item. */
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
    @Input() { name, ...place }: InputOf<typeof clusterEventsRequest>,
    @Caller() context: ContextOf<typeof clusterEventsRequest>,
    @Cancelled() signal: AbortSignal,
  ): Promise<AsyncIterable<ClusterEventView>> {
    const from = orThrow(keptPosition(place.after, this.eventStore.storeId));
    const { id } = orThrow(await this.clusters.find(name, context));
    const listing = { clusters: new Map([[id, listed(id, name)]]), added: undefined };
    return this.views(listing, { ...place, from }, context, signal);
  }

  @Serves(allClusterEventsRequest)
  async allEvents(
    @Input() place: InputOf<typeof allClusterEventsRequest>,
    @Caller() context: ContextOf<typeof allClusterEventsRequest>,
    @Cancelled() signal: AbortSignal,
  ): Promise<AsyncIterable<ClusterEventView>> {
    const from = orThrow(keptPosition(place.after, this.eventStore.storeId));
    const all = orThrow(await this.clusters.all(context));
    const clusters = new Map(all.map(({ id, name }) => [id, listed(id, name)]));
    const added = async (id: string, position: Position) => {
      const now = orThrow(await this.clusters.all({ ...context, consistency: position }));
      const cluster = listed(id, now.find((one) => one.id === id)?.name ?? id); // removed since
      clusters.set(id, cluster);
      return cluster;
    };
    return this.views({ clusters, added }, { ...place, from }, context, signal);
  }

  private async *views(
    listing: Listing,
    place: Place & { readonly from: Position | undefined },
    context: OrganizationContext,
    signal: AbortSignal,
  ): AsyncGenerator<ClusterEventView> {
    const nameOf = this.organizations.namesIn(context);
    try {
      for await (const { cluster, state, message, stored } of this.lines(listing, place, context, signal)) {
        const { recordedAt: time, actor, position } = stored;
        yield { time, cluster, state, by: await nameOf(actor), message, position };
      }
    } catch (error) {
      throw isHalt(error) ? new DomainErrorException(haltRefusal(error)) : error;
    }
  }

  /** Yields what is stored, then what follows, without duplicates or gaps; of one cluster, until it is removed. */
  private async *lines(
    { clusters, added }: Listing,
    { from, limit, follow }: Place & { readonly from: Position | undefined },
    { organizationId }: OrganizationContext,
    signal: AbortSignal,
  ): AsyncGenerator<PlacedLine, void, undefined> {
    const now = await this.eventStore.head();
    let left = follow ? Number.POSITIVE_INFINITY : limit;
    for await (const line of inOrder([...clusters.values()].map((cluster) => this.stored(cluster, now, signal)))) {
      if (from !== undefined && line.stored.position <= from) continue;
      yield line;
      left -= 1;
      if (left === 0) return;
    }
    if (!follow) return;
    for await (const { events, faults } of this.feed.follow(from !== undefined && from > now ? from : now, signal)) {
      for (const stored of events) {
        if (!this.reader.covers(stored.stream)) continue;
        const id = idOf(stored.stream);
        const isOwn = stored.organizationId === organizationId;
        const cluster = clusters.get(id) ?? (isOwn ? await added?.(id, stored.position) : undefined);
        const recorded = cluster && this.reader.read(stored, faults);
        const line = recorded && clusterLine(recorded.event, cluster.state);
        if (!line) continue;
        cluster.state = line.state;
        yield { ...line, cluster: cluster.name, stored };
        if (recorded.event.type === 'cluster.deleted.v1' && added === undefined) return;
      }
    }
  }

  /** Yields the lines of a cluster up to a position, and keeps its state. */
  private async *stored(cluster: Listed, end: Position, signal: AbortSignal): AsyncGenerator<PlacedLine, void> {
    for await (const stored of this.eventStore.read(`cluster-${cluster.id}`)) {
      if (signal.aborted || stored.position > end) return;
      const line = clusterLine(this.reader.current(stored), cluster.state);
      if (!line) continue;
      cluster.state = line.state;
      yield { ...line, cluster: cluster.name, stored };
    }
  }
}

const listed = (id: string, name: string): Listed => ({ id, name, state: 'PENDING' });

/** Merges lines of several clusters in the order of the log. */
async function* inOrder(sources: readonly AsyncGenerator<PlacedLine, void>[]): AsyncGenerator<PlacedLine, void> {
  try {
    const next = await Promise.all(sources.map((source) => source.next()));
    for (;;) {
      let first: { readonly index: number; readonly line: PlacedLine } | undefined;
      for (const [index, { value: line }] of next.entries())
        if (line && (first === undefined || line.stored.position < first.line.stored.position)) first = { index, line };
      const source = first && sources[first.index];
      if (first === undefined || source === undefined) return;
      yield first.line;
      next[first.index] = await source.next();
    }
  } finally {
    await Promise.all(sources.map((source) => source.return()));
  }
}
