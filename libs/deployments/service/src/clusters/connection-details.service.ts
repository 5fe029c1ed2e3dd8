import { COMMANDS, type CommandRunner } from '#event-sourcing';
import type { ClusterConnection } from '#deployments/contract';
import { err, ok, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import type { ClusterRegistration } from '../catalog/beginnings.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { EgressEntries } from '../egress/egress-entries.service.ts';
import { VaultRecords } from '../shared/vault-records.service.ts';
import { clusterDecider, clusterStream, type ActiveCluster } from './cluster.decider.ts';
import { Sandboxes } from './sandboxes.service.ts';

/** Returns how workers connect to a cluster. Built for each request from the cluster's stream and the vault. */
@Injectable()
export class ConnectionDetails {
  /** PEM by vault record. Records never change. */
  private readonly authorities = new Map<string, string>();

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(VaultRecords) private readonly records: VaultRecords,
    @Inject(Sandboxes) private readonly sandboxes: Sandboxes,
    @Inject(EgressEntries) private readonly egress: EgressEntries,
  ) {}

  /** Returns the connection with the addresses that are presently allowed, and the rules for health. */
  async of(organizationId: string, clusterId: string): Promise<Result<ClusterConnection, DomainError>> {
    const cluster = await this.cluster(clusterId);
    if (!cluster.ok) return cluster;
    const connection = await this.connect(organizationId, clusterId, cluster.value);
    if (!connection.ok) return connection;
    const { kinds } = cluster.value.health;
    const withHealth = { ...connection.value, ...(kinds.length > 0 && { health: kinds }) };
    if (withHealth.type === 'sandbox') return ok(withHealth);
    const egress = await this.egress.current();
    return egress.ok ? ok({ ...withHealth, ...(egress.value && { egress: egress.value }) }) : egress;
  }

  /**
   * Returns the connection for a list of many clusters: without allowed addresses, which are the same for all, and with
   * the revision of its rules for health instead of the rules.
   */
  async listed(organizationId: string, clusterId: string): Promise<Result<ClusterConnection, DomainError>> {
    const cluster = await this.cluster(clusterId);
    if (!cluster.ok) return cluster;
    const connection = await this.connect(organizationId, clusterId, cluster.value);
    const { health, healthRevision } = cluster.value;
    return connection.ok && health.kinds.length > 0 ? ok({ ...connection.value, healthRevision }) : connection;
  }

  private async cluster(clusterId: string): Promise<Result<ActiveCluster, DomainError>> {
    const loaded = await this.commands.load(clusterDecider, clusterStream(clusterId));
    if (!loaded.ok) return loaded;
    const { state } = loaded.value;
    return state.status === 'active' ? ok(state) : err(deploymentsErrors.clusterNotFound('of that id', []));
  }

  private async connect(
    organizationId: string,
    clusterId: string,
    { registration, policy }: ActiveCluster,
  ): Promise<Result<ClusterConnection, DomainError>> {
    const { name, type, tlsServerName, credential, uid } = registration;
    // The address of a sandbox is looked up, since its service may have moved. Its token does not change.
    const address =
      type === 'sandbox' ? await this.sandboxes.addressOf(organizationId) : await this.registeredAddress(registration);
    if (!address.ok) return address;
    return ok({
      clusterId,
      organizationId,
      name,
      ...address.value,
      tlsServerName,
      credential,
      policy,
      type,
      ...(type === 'registered' && { uid }),
    });
  }

  private async registeredAddress({
    server,
    certificateAuthority: record,
  }: ClusterRegistration): Promise<Result<Pick<ClusterConnection, 'server' | 'certificateAuthority'>, DomainError>> {
    const authority = record === null ? ok(null) : await this.authority(record);
    return authority.ok ? ok({ server, certificateAuthority: authority.value }) : authority;
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
