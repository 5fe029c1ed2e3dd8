import { BUS, type Bus, type RequestContext } from '#bus';
import { DEFAULT_POLICY } from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { LOGGER, ok, type DomainError, type Logger, type Position, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import type { ClusterRegistration } from '../catalog/beginnings.ts';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { OncePerOrganization, type Made } from '../shared/once-per-organization.service.ts';
import { digestOf, VaultRecords } from '../shared/vault-records.service.ts';
import { ClusterChanges } from './cluster-changes.service.ts';
import { clusterDecider, clusterStream } from './cluster.decider.ts';
import { Sandboxes } from './sandboxes.service.ts';

/** Name of the sandbox cluster in each organization. */
export const SANDBOX_NAME = 'sandbox';

/** Provides the sandbox cluster of an organization on first use. */
@Injectable()
export class SandboxProvisioning {
  private readonly once: OncePerOrganization;

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(ClusterChanges) private readonly changes: ClusterChanges,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(VaultRecords) private readonly records: VaultRecords,
    @Inject(LOGGER) logger: Logger,
    @Inject(Sandboxes) private readonly sandboxes: Sandboxes,
  ) {
    this.once = new OncePerOrganization(logger, 'the sandbox could not be created');
  }

  /**
   * Creates the sandbox. Does nothing if no service provides sandboxes.
   * @returns the position that reads must include, if this call created something
   */
  ensure(organizationId: string, cause: RequestContext): Promise<Position | undefined> {
    return this.once.ensure(organizationId, () => this.make(organizationId, cause));
  }

  private async make(organizationId: string, cause: RequestContext): Promise<Result<Made, DomainError>> {
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!catalog.ok) return catalog;
    const entry = catalog.value.state.entries.cluster.get(SANDBOX_NAME);
    const context = this.bus.own({ organizationId, correlationId: cause.correlationId });
    const clusterId = entry?.id ?? this.commands.newId(context, 0);
    if (entry) {
      const present = await this.commands.load(clusterDecider, clusterStream(clusterId));
      if (!present.ok) return present;
      if (present.value.state.status === 'active') return ok({ isThere: true });
    }
    const sandbox = await this.sandboxes.ensure(organizationId, cause);
    if (!sandbox.ok) return sandbox;
    const connection = sandbox.value;
    if (!connection) return ok({ isThere: false });

    const credential = `cluster-credential/${clusterId}/1`;
    const stored = await this.records.put(credential, JSON.stringify({ token: connection.token }));
    if (!stored.ok) return stored;
    const registration: ClusterRegistration = {
      name: SANDBOX_NAME,
      type: 'sandbox',
      provider: 'sandbox',
      region: 'local',
      labels: {},
      server: connection.server,
      tlsServerName: null,
      credential,
      certificateAuthority: null,
      fingerprint: digestOf([clusterId, connection.token]),
      uid: connection.uid,
      version: null,
      nodes: null,
      missing: [],
      policy: { namespaces: [...DEFAULT_POLICY.namespaces], clusterScoped: 'allow', podSecurity: 'baseline' },
    };
    const named = { kind: 'cluster', name: SANDBOX_NAME, id: clusterId } as const;
    const cluster = { ...named, counted: false, refers: null, intent: registration };
    const registered = await this.changes.register(organizationId, cluster, context);
    if (registered.ok) return ok({ isThere: true, position: registered.value.position });
    const isElsewhere = registered.error.code === deploymentsErrors.staleRevision().code; // another request creates it
    return isElsewhere ? ok({ isThere: true }) : registered;
  }
}
