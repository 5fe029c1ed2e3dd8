import { Resumption } from '#event-sourcing';
import { idOf, ok, type CommandContext, type Recorded } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { catalogEvents, type CatalogEvent } from '../catalog/catalog.events.ts';
import { ClusterChanges } from './cluster-changes.service.ts';

type Begun = Extract<CatalogEvent, { readonly type: 'catalog.name-claimed.v1' | 'catalog.name-retiring.v1' }>;

/** Finishes registrations and removals of clusters that a crash has cut. */
@Injectable()
export class ClusterChangesReactor extends Resumption<CatalogEvent, Begun['type']> {
  readonly name = 'deployments-cluster-changes.v1';
  readonly events = catalogEvents;
  readonly types = ['catalog.name-claimed.v1', 'catalog.name-retiring.v1'] as const;

  constructor(@Inject(ClusterChanges) private readonly changes: ClusterChanges) {
    super();
  }

  protected async resume({ event, metadata }: Recorded<Begun>, context: CommandContext) {
    if (event.data.kind !== 'cluster') return ok(undefined);
    const organizationId = idOf(metadata.stream);
    return event.type === 'catalog.name-claimed.v1' && event.data.kind === 'cluster'
      ? this.changes.resumeRegistration(organizationId, event.data, context)
      : this.changes.end(organizationId, event.data, context);
  }
}
