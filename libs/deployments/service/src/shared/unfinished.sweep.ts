import { BUS, type Bus } from '#bus';
import { COMMANDS, READ_MODELS, type CommandRunner, type ReadModels, type Sweep } from '#event-sourcing';
import { CLOCK, LOGGER, ok, type Clock, type DomainError, type Logger, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { applicationsProjection } from '../applications/applications.projection.ts';
import { Deployer } from '../applications/deployer.service.ts';
import { NameRelease } from '../applications/name-release.service.ts';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { clusterNameDecider, clusterNameStream } from '../clusters/cluster-name.decider.ts';
import { clusterDecider, clusterStream } from '../clusters/cluster.decider.ts';
import { clustersProjection } from '../clusters/clusters.projection.ts';
import { profileDecider, profileStream } from '../profiles/profile.decider.ts';
import { profilesProjection } from '../profiles/profiles.projection.ts';
import { everyDocument } from './pages.service.ts';
import { People } from './people.service.ts';

const EVERY_MS = 15_000;
/** A creation younger than this, in milliseconds, may still be under way in some request. */
const GRACE_MS = 30_000;

/** Finishes what was cut between two streams: creations that have their name only, deletions that hold it still. */
@Injectable()
export class UnfinishedSweep implements Sweep {
  readonly name = 'deployments-unfinished';
  readonly everyMs = EVERY_MS;

  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(Deployer) private readonly deployer: Deployer,
    @Inject(NameRelease) private readonly release: NameRelease,
    @Inject(People) private readonly people: People,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    for (const part of [
      () => this.applications(signal),
      () => this.deletions(signal),
      () => this.profiles(signal),
      () => this.clusters(signal),
    ]) {
      if (!signal.aborted) await part();
    }
  }

  private async applications(signal: AbortSignal): Promise<void> {
    for await (const found of everyDocument(this.readModels, applicationsProjection, { where: { unfinished: true } })) {
      if (signal.aborted || !found.ok) return;
      const { id: applicationId, organizationId, intent, createdAt, namedNamespace } = found.value;
      if (!intent || this.isYoung(createdAt)) continue;
      const finished = await this.deployer.finishCreation(
        {
          organizationId,
          applicationId,
          configuration: intent,
          revision: 1,
          named: namedNamespace,
          isAdmin: await this.people.isAdmin(organizationId, intent.by),
        },
        this.bus.own({ organizationId }),
      );
      this.note(applicationId, finished);
    }
  }

  private async deletions(signal: AbortSignal): Promise<void> {
    for await (const found of everyDocument(this.readModels, applicationsProjection, {
      where: { deleted: true, released: false },
    })) {
      if (signal.aborted || !found.ok) return;
      const { id, organizationId, name } = found.value;
      this.note(id, await this.release.release(organizationId, id, name, this.bus.own({ organizationId })));
    }
  }

  private async profiles(signal: AbortSignal): Promise<void> {
    for await (const found of everyDocument(this.readModels, profilesProjection, { where: { unfinished: true } })) {
      if (signal.aborted || !found.ok) return;
      const { id, organizationId, intent, createdAt } = found.value;
      if (!intent || this.isYoung(createdAt)) continue;
      this.note(
        id,
        await this.commands.run(
          profileDecider,
          profileStream(id),
          { type: 'apply', content: intent, mayChange: 'all' },
          this.bus.own({ organizationId }),
        ),
      );
    }
    for await (const found of everyDocument(this.readModels, profilesProjection, { where: { retiring: true } })) {
      if (signal.aborted || !found.ok) return;
      const { id, organizationId, name } = found.value;
      const context = this.bus.own({ organizationId });
      const deleted = await this.commands.run(profileDecider, profileStream(id), { type: 'delete' }, context);
      this.note(
        id,
        deleted.ok
          ? await this.commands.run(
              catalogDecider,
              catalogStream(organizationId),
              { type: 'release', kind: 'profile', name, id },
              context,
            )
          : deleted,
      );
    }
  }

  private async clusters(signal: AbortSignal): Promise<void> {
    for await (const found of everyDocument(this.readModels, clustersProjection, { where: { unfinished: true } })) {
      if (signal.aborted || !found.ok) return;
      const { id, organizationId, name, intent, createdAt } = found.value;
      if (!intent || this.isYoung(createdAt)) continue;
      const context = this.bus.own({ organizationId });
      const owned = await this.commands.run(
        clusterNameDecider,
        clusterNameStream(intent.uid),
        { type: 'claim', organizationId, clusterId: id, name },
        context,
      );
      this.note(
        id,
        owned.ok
          ? await this.commands.run(
              clusterDecider,
              clusterStream(id),
              { type: 'register', registration: intent },
              context,
            )
          : await this.dropCluster(organizationId, id, name),
      );
    }
    for await (const found of everyDocument(this.readModels, clustersProjection, { where: { retiring: true } })) {
      if (signal.aborted || !found.ok) return;
      const { id, organizationId, name, registration } = found.value;
      const context = this.bus.own({ organizationId });
      const freed = registration
        ? await this.commands.run(
            clusterNameDecider,
            clusterNameStream(registration.uid),
            { type: 'release', clusterId: id },
            context,
          )
        : ok(undefined);
      this.note(id, freed.ok ? await this.dropCluster(organizationId, id, name) : freed);
    }
  }

  private async dropCluster(organizationId: string, id: string, name: string): Promise<Result<unknown, DomainError>> {
    const context = this.bus.own({ organizationId });
    const deleted = await this.commands.run(clusterDecider, clusterStream(id), { type: 'delete' }, context);
    return deleted.ok
      ? this.commands.run(
          catalogDecider,
          catalogStream(organizationId),
          { type: 'release', kind: 'cluster', name, id },
          context,
        )
      : deleted;
  }

  private isYoung(createdAt: string): boolean {
    return this.clock.now() - Date.parse(createdAt) < GRACE_MS;
  }

  private note(id: string, outcome: Result<unknown, DomainError>): void {
    if (!outcome.ok)
      this.logger.warn({ id, code: outcome.error.code }, 'an interrupted operation could not be completed');
  }
}
