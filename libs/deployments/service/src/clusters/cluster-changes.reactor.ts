import { Resumption } from '#event-sourcing';
import { idOf, ok, type CommandContext, type EventFamily, type Recorded } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { catalogEvents, type CatalogEvent } from '../catalog/catalog.events.ts';
import { ClusterChanges } from './cluster-changes.service.ts';
import { clusterNameDecider, uidOf, type ClusterNameEvent } from './cluster-name.decider.ts';

type Followed = CatalogEvent | ClusterNameEvent;
type Type = 'catalog.name-claimed.v1' | 'catalog.name-retiring.v1' | 'cluster-uid.claimed.v1';

const family: EventFamily<Followed> = {
  categories: [...catalogEvents.categories, ...clusterNameDecider.events.categories],
  types: { ...catalogEvents.types, ...clusterNameDecider.events.types },
};

/** Completes registrations and removals of clusters that a crash interrupted. */
@Injectable()
export class ClusterChangesReactor extends Resumption<Followed, Type> {
  readonly name = 'deployments-cluster-changes.v1';
  readonly events = family;
  readonly types = ['catalog.name-claimed.v1', 'catalog.name-retiring.v1', 'cluster-uid.claimed.v1'] as const;

  constructor(@Inject(ClusterChanges) private readonly changes: ClusterChanges) {
    super();
  }

  protected async resume(
    { event, metadata: { stream } }: Recorded<Extract<Followed, { readonly type: Type }>>,
    context: CommandContext,
  ) {
    if (event.type === 'cluster-uid.claimed.v1')
      return this.changes.freeUnused(uidOf(stream), event.data.clusterId, context);
    if (event.data.kind !== 'cluster') return ok(undefined);
    return event.type === 'catalog.name-claimed.v1' && event.data.kind === 'cluster'
      ? this.changes.resumeRegistration(idOf(stream), event.data, context)
      : this.changes.end(idOf(stream), event.data, context);
  }
}
