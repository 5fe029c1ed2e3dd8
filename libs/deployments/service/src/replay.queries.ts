import { replayDeploymentsRequest } from '#audit/contract';
import { DomainErrorException, Input, Serves } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { replayDocuments, replayed } from '#event-sourcing';
import { EVENT_STORE, type EventStore } from '#event-store';
import { Controller, Inject } from '@nestjs/common';
import { applicationsProjection } from './applications/applications.projection.ts';
import { revisionsProjection } from './applications/revisions.projection.ts';
import type { ClusterRegistration, Configuration, ProfileContent } from './catalog/beginnings.ts';
import { clustersProjection } from './clusters/clusters.projection.ts';
import { profilesProjection } from './profiles/profiles.projection.ts';

/** The documents without references to records of the vault. */
const REPLAYED = [
  replayed('profile', profilesProjection, ({ name, createdAt, revision, content, intent }, id) => {
    const { clusterName, tier, protected: isProtected, settings }: Partial<ProfileContent> = content ?? intent ?? {};
    return { [id]: { id, name, createdAt, revision, cluster: clusterName, tier, protected: isProtected, settings } };
  }),
  replayed('cluster', clustersProjection, ({ name, createdAt, revision, registration, intent, policy, report }, id) => {
    const { type, provider, region, labels, server }: Partial<ClusterRegistration> = registration ?? intent ?? {};
    return {
      [id]: { id, name, createdAt, revision, state: report.state, type, provider, region, labels, server, policy },
    };
  }),
  replayed('application', applicationsProjection, (document, id) => {
    if (document.deleted) return {};
    const { name, createdAt, updatedAt, revision, status, health, paused, configuration, intent } = document;
    const { profile, cluster, targetNamespace, source }: Partial<Configuration> = configuration ?? intent ?? {};
    return {
      [id]: {
        id,
        name,
        createdAt,
        updatedAt,
        revision,
        status,
        health,
        paused,
        profile: profile?.name,
        cluster: cluster?.name,
        namespace: targetNamespace,
        source: source && { type: source.type, ref: source.ref },
      },
    };
  }),
  replayed(
    'revision',
    revisionsProjection,
    ({ applicationId, revision, state, source, by, when, rollbackOf, summary }, id) => ({
      [id]: { applicationId, revision, state, source, by, when, rollbackOf, summary },
    }),
  ),
];

/** Folds the state of this context at an earlier time, for the audit. */
@Controller()
export class ReplayQueries {
  constructor(@Inject(EVENT_STORE) private readonly eventStore: EventStore) {}

  @Serves(replayDeploymentsRequest)
  async *replay(
    @Input() section: InputOf<typeof replayDeploymentsRequest>,
  ): AsyncGenerator<OutputOf<typeof replayDeploymentsRequest>> {
    const documents = await replayDocuments(this.eventStore, REPLAYED, section);
    if (!documents.ok) throw new DomainErrorException(documents.error);
    yield* documents.value;
  }
}
