import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { SANDBOX_CLUSTERS, type ClusterConnection, type SandboxClusters } from '#deployments/contract';
import { err, ok, type DomainError, type Result } from '#kernel';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { deploymentsErrors } from '../deployments.errors.ts';
import { VaultRecords } from '../shared/vault-records.service.ts';
import { clusterDecider, clusterStream, type ActiveCluster } from './cluster.decider.ts';

/** How workers reach clusters; built anew for each request, from the cluster's stream and the vault. */
@Injectable()
export class ConnectionDetails {
  /** PEM by record: records are never changed. */
  private readonly authorities = new Map<string, string>();

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(VaultRecords) private readonly records: VaultRecords,
    @Optional() @Inject(SANDBOX_CLUSTERS) private readonly sandboxes: SandboxClusters | undefined,
  ) {}

  async of(organizationId: string, clusterId: string): Promise<Result<ClusterConnection, DomainError>> {
    const loaded = await this.commands.load(clusterDecider, clusterStream(clusterId));
    if (!loaded.ok) return loaded;
    const { state } = loaded.value;
    return state.status === 'active'
      ? this.connect(organizationId, clusterId, state)
      : err(deploymentsErrors.clusterNotFound('of that id', []));
  }

  private async connect(
    organizationId: string,
    clusterId: string,
    { registration, policy }: ActiveCluster,
  ): Promise<Result<ClusterConnection, DomainError>> {
    const { name, type, tlsServerName, credential } = registration;
    const authority =
      registration.certificateAuthority === null ? ok(null) : await this.authority(registration.certificateAuthority);
    if (!authority.ok) return authority;
    // A sandbox's address is that of this installation, which may have moved since; its token stays.
    const sandbox = type === 'sandbox' ? await this.sandboxes?.connectionOf(organizationId) : undefined;
    const server = sandbox?.server ?? registration.server;
    const certificateAuthority = sandbox?.certificateAuthority ?? authority.value;
    return ok({
      clusterId,
      organizationId,
      name,
      server,
      certificateAuthority,
      tlsServerName,
      credential,
      policy,
      type,
    });
  }

  private async authority(record: string): Promise<Result<string, DomainError>> {
    const known = this.authorities.get(record);
    if (known !== undefined) return ok(known);
    const found = await this.records.get(record);
    if (!found.ok) return found;
    if (found.value === undefined) return err(deploymentsErrors.clusterNotFound('with its certificate authority', []));
    this.authorities.set(record, found.value);
    return ok(found.value);
  }
}
