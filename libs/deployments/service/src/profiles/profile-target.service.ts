import { COMMANDS, type CommandRunner } from '#event-sourcing';
import type { ProfileSpec } from '#deployments/contract';
import { err, ok, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { namesOf, type Catalog } from '../catalog/catalog.ts';
import { clusterDecider, clusterStream } from '../clusters/cluster.decider.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { VaultRecords } from '../shared/vault-records.service.ts';
import { chooseCluster, type ClusterChoice, type PresentCluster } from './choose-cluster.ts';
import { profileDecider, profileStream } from './profile.decider.ts';

/** Finds the cluster that a profile names, or the one that fits it. */
@Injectable()
export class ProfileTarget {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(VaultRecords) private readonly records: VaultRecords,
  ) {}

  /** @param pointer of the spec in the request */
  async of(
    spec: ProfileSpec,
    catalog: Catalog,
    pointer: string,
  ): Promise<Result<Pick<ClusterChoice, 'id' | 'name'>, DomainError>> {
    const { profileName, clusterName } = spec;
    const entries = [...catalog.entries.cluster.values()].filter(({ retiring }) => !retiring);
    if (clusterName !== undefined) {
      const named = entries.find(({ name }) => name === clusterName);
      return named
        ? ok(named)
        : err(
            deploymentsErrors.clusterUnknown(
              profileName,
              clusterName,
              namesOf(catalog, 'cluster'),
              `${pointer}/clusterName`,
            ),
          );
    }
    const clusters: ClusterChoice[] = [];
    for (const { id, name } of entries) {
      const loaded = await this.commands.load(clusterDecider, clusterStream(id));
      if (!loaded.ok) return loaded;
      const { state } = loaded.value;
      if (state.status !== 'active') continue;
      const { provider, region } = state.registration;
      clusters.push({ id, name, provider, region });
    }
    const present = await this.present(catalog, profileName);
    return present.ok ? chooseCluster(spec, clusters, present.value, pointer) : present;
  }

  private async present(
    { entries }: Catalog,
    profileName: string,
  ): Promise<Result<PresentCluster | undefined, DomainError>> {
    const entry = entries.profile.get(profileName);
    if (!entry?.refers) return ok(undefined);
    const loaded = await this.commands.load(profileDecider, profileStream(entry.id));
    if (!loaded.ok) return loaded;
    const { state } = loaded.value;
    const record = state.status === 'active' ? await this.records.get(state.content.record) : ok(undefined);
    if (!record.ok) return record;
    // The platform validated the profile before it stored it.
    const spec = record.value === undefined ? undefined : (JSON.parse(record.value) as ProfileSpec);
    return ok({ id: entry.refers, cloudProvider: spec?.cloudProvider });
  }
}
