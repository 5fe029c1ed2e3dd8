import {
  COMMANDS,
  PROJECTION_CONTROL,
  READ_MODELS,
  type CommandRunner,
  type ProjectionControl,
  type ReadModels,
  type Sweep,
} from '#event-sourcing';
import { EVENT_STORE, type EventStore } from '#event-store';
import { CLOCK, LOGGER, type Clock, type Logger } from '#kernel';
import { VAULT, type Vault } from '#vault';
import { Inject, Injectable } from '@nestjs/common';
import { applicationsProjection } from '../applications/applications.projection.ts';
import { revisionsProjection } from '../applications/revisions.projection.ts';
import { clusterDecider, clusterStream } from '../clusters/cluster.decider.ts';
import { profileDecider, profileStream } from '../profiles/profile.decider.ts';
import { everyDocument } from './pages.service.ts';

const DAY_MS = 24 * 3_600_000;

/**
 * Removes vault records that no event names a day after they were put: their request died between the two, or refused.
 * A record is asked after only when it is old; one that is put again is young again.
 */
@Injectable()
export class VaultRecordsSweep implements Sweep {
  readonly name = 'deployments-records';
  readonly everyMs = 3_600_000;

  constructor(
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(EVENT_STORE) private readonly eventStore: EventStore,
    @Inject(PROJECTION_CONTROL) private readonly control: ProjectionControl,
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    const named = await this.namedByRevisions();
    if (!named) return;
    for (const prefix of ['manifest/', 'resolved/'])
      await this.sweep(prefix, signal, (name) => Promise.resolve(named.has(name)));
    await this.sweep('profile/', signal, (name) => this.isOfProfile(name));
    for (const prefix of ['cluster-credential/', 'cluster-authority/'])
      await this.sweep(prefix, signal, (name) => this.isOfCluster(name));
  }

  private async sweep(prefix: string, signal: AbortSignal, isNamed: (name: string) => Promise<boolean>): Promise<void> {
    let removed = 0;
    for await (const { name, updatedAtMs } of this.vault.list(prefix)) {
      if (signal.aborted) return;
      if (this.clock.now() - updatedAtMs < DAY_MS || (await isNamed(name))) continue;
      await this.vault.delete(name);
      removed += 1;
    }
    if (removed > 0) this.logger.info({ prefix, removed }, 'unreferenced vault records were removed');
  }

  /** Everything that a revision, or a creation under way, names; `undefined` when that cannot be known now. */
  private async namedByRevisions(): Promise<ReadonlySet<string> | undefined> {
    const named = new Set<string>();
    // A record is lost for good when it is removed: while a document waits or a read model is behind, nothing is.
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

  /** The profile's present content only: resolved revisions hold what they took from older ones. */
  private async isOfProfile(name: string): Promise<boolean> {
    const loaded = await this.commands.load(profileDecider, profileStream(name.split('/')[1] ?? ''));
    if (!loaded.ok || loaded.value.state.status === 'absent') return !loaded.ok;
    return loaded.value.state.status === 'active' && loaded.value.state.content.record === name;
  }

  private async isOfCluster(name: string): Promise<boolean> {
    const loaded = await this.commands.load(clusterDecider, clusterStream(name.split('/')[1] ?? ''));
    if (!loaded.ok) return true;
    if (loaded.value.state.status !== 'active') return false;
    const { credential, certificateAuthority } = loaded.value.state.registration;
    return name === credential || name === certificateAuthority;
  }
}
