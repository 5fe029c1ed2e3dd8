import { PROJECTION_CONTROL, READ_MODELS, type ProjectionControl, type ReadModels, type Sweep } from '#event-sourcing';
import { EVENT_STORE, type EventStore } from '#event-store';
import { UNNAMED_EVERY_MS } from '#vault';
import { Inject, Injectable } from '@nestjs/common';
import { everyDocument } from '../shared/pages.service.ts';
import { UnnamedRecords } from '../shared/unnamed-records.service.ts';
import { applicationsProjection } from './applications.projection.ts';
import { revisionsProjection } from './revisions.projection.ts';

/** Removes manifests and resolved revisions that no event refers to. */
@Injectable()
export class ApplicationRecordsSweep implements Sweep {
  readonly name = 'deployments-application-records';
  readonly everyMs = UNNAMED_EVERY_MS;

  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(EVENT_STORE) private readonly eventStore: EventStore,
    @Inject(PROJECTION_CONTROL) private readonly control: ProjectionControl,
    @Inject(UnnamedRecords) private readonly unnamed: UnnamedRecords,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    const named = await this.namedByRevisions();
    if (named) await this.unnamed.remove(['manifest/', 'resolved/'], signal, (name) => named.has(name));
  }

  /**
   * Returns all records that a revision, or a creation in progress, refers to; undefined if that is currently unknown.
   */
  private async namedByRevisions(): Promise<ReadonlySet<string> | undefined> {
    const named = new Set<string>();
    // A removed record is lost, so nothing is removed while a document is parked or a read model is stale.
    const needed: readonly string[] = [revisionsProjection.name, applicationsProjection.name];
    const status = await this.control.status();
    if (status.some(({ name, parked }) => needed.includes(name) && parked.length > 0)) return undefined;
    const now = await this.eventStore.head();
    for await (const found of everyDocument(this.readModels, revisionsProjection, {}, now)) {
      if (!found.ok) return undefined;
      named.add(found.value.manifest.record).add(found.value.resolved.record);
    }
    for await (const found of everyDocument(
      this.readModels,
      applicationsProjection,
      { where: { unfinished: true } },
      now,
    )) {
      if (!found.ok) return undefined;
      if (found.value.intent) named.add(found.value.intent.manifest.record).add(found.value.intent.resolved.record);
    }
    return named;
  }
}
