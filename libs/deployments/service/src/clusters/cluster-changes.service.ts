import { COMMANDS, finishOrUndo, ownerFirst, type CommandRunner, type Committed } from '#event-sourcing';
import { err, ok, type CommandContext, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import type { Named, NewName } from '../catalog/catalog.events.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { matching } from '../shared/if-match.ts';
import { clusterNameDecider, clusterNameStream } from './cluster-name.decider.ts';
import { clusterDecider, clusterStream, type Cluster } from './cluster.decider.ts';
import type { ClusterEvent } from './cluster.events.ts';

/** A cluster to create. */
export type NewCluster = Extract<NewName, { readonly kind: 'cluster' }>;
type Registered = Committed<Cluster, ClusterEvent>;
type Released = Pick<Committed<unknown, unknown>, 'meta' | 'position'>;
type Context = CommandContext & { readonly ifMatch?: number };

/**
 * Writes clusters: first to the catalog, which owns name and limit, then to the physical cluster, which belongs to one
 * organization, and last to the cluster's own stream.
 */
@Injectable()
export class ClusterChanges {
  constructor(@Inject(COMMANDS) private readonly commands: CommandRunner) {}

  register(organizationId: string, cluster: NewCluster, context: Context): Promise<Result<Registered, DomainError>> {
    const stream = catalogStream(organizationId);
    return ownerFirst({
      start: async () => {
        const claim = { type: 'claim', claim: cluster } as const;
        const claimed = await this.commands.run(catalogDecider, stream, claim, context, { step: 'claim' });
        if (!claimed.ok) return claimed;
        const owner = claimed.value.state.entries.cluster.get(cluster.name);
        return owner?.id === cluster.id ? ok(undefined) : err(deploymentsErrors.staleRevision());
      },
      finish: () => this.finish(organizationId, cluster, context),
      undo: () => this.discard(organizationId, cluster, context),
    });
  }

  /** @param before runs before the cluster ends, once nothing can refer to it */
  delete(
    organizationId: string,
    cluster: Named,
    context: CommandContext,
    before: () => Promise<Result<unknown, DomainError>>,
  ): Promise<Result<Released, DomainError>> {
    const retire = { type: 'retire', ...namedOf(cluster) } as const;
    return ownerFirst({
      start: () =>
        this.commands.run(catalogDecider, catalogStream(organizationId), retire, context, { step: 'retire' }),
      finish: async () => {
        const prepared = await before();
        return prepared.ok ? this.end(organizationId, cluster, context) : prepared;
      },
    });
  }

  /** Completes an interrupted registration. Does nothing if the cluster's stream has begun. */
  async resumeRegistration(
    organizationId: string,
    cluster: NewCluster,
    context: CommandContext,
  ): Promise<Result<unknown, DomainError>> {
    const present = await this.commands.load(clusterDecider, clusterStream(cluster.id));
    if (!present.ok) return present;
    const { status } = present.value.state;
    if (status === 'active') return ok(undefined);
    if (status === 'deleted') return this.end(organizationId, cluster, context);
    return finishOrUndo<unknown, unknown>(
      {
        finish: () => this.finish(organizationId, cluster, context),
        undo: () => this.discard(organizationId, cluster, context),
      },
      undefined,
    );
  }

  /**
   * Releases a physical cluster that was claimed for a cluster which has ended since, or was registered with another
   * physical cluster: its own stream does not list the claim. A cluster that is not recorded yet keeps it, and the
   * claim of its name completes it.
   */
  async freeUnused(uid: string, clusterId: string, context: CommandContext): Promise<Result<unknown, DomainError>> {
    const present = await this.commands.load(clusterDecider, clusterStream(clusterId));
    if (!present.ok) return present;
    const { state } = present.value;
    const isUsed = state.status === 'active' ? state.registration.uid === uid : state.status === 'absent';
    return isUsed ? ok(undefined) : this.free(uid, clusterId, context);
  }

  private async finish(
    organizationId: string,
    { id, name, intent }: NewCluster,
    context: Context,
  ): Promise<Result<Registered, DomainError>> {
    const claim = { type: 'claim', organizationId, clusterId: id, name } as const;
    const owned = await this.commands.run(clusterNameDecider, clusterNameStream(intent.uid), claim, context, {
      step: 'claim',
    });
    if (!owned.ok) return owned;
    const register = { type: 'register', registration: intent } as const;
    return this.commands.run(clusterDecider, clusterStream(id), register, context, {
      step: 'register',
      ...matching(context),
    });
  }

  /** Ends a cluster that has only a name. One whose stream has begun is unchanged. */
  private async discard(
    organizationId: string,
    cluster: NewCluster,
    context: CommandContext,
  ): Promise<Result<unknown, DomainError>> {
    const present = await this.commands.load(clusterDecider, clusterStream(cluster.id));
    if (!present.ok || present.value.state.status === 'active') return present;
    const freed = await this.free(cluster.intent.uid, cluster.id, context);
    return freed.ok ? this.end(organizationId, cluster, context) : freed;
  }

  /** Ends a cluster. Each step is idempotent, so this also completes an interrupted removal. */
  async end(organizationId: string, cluster: Named, context: CommandContext): Promise<Result<Released, DomainError>> {
    const { id } = cluster;
    const present = await this.commands.load(clusterDecider, clusterStream(id));
    if (!present.ok) return present;
    // The physical cluster is released first: it is not known afterwards.
    const { state } = present.value;
    const freed = state.status === 'active' ? await this.free(state.registration.uid, id, context) : ok(undefined);
    if (!freed.ok) return freed;
    const deleted = await this.commands.run(clusterDecider, clusterStream(id), { type: 'delete' }, context);
    if (!deleted.ok) return deleted;
    const release = { type: 'release', ...namedOf(cluster) } as const;
    return this.commands.run(catalogDecider, catalogStream(organizationId), release, context, { step: 'release' });
  }

  private free(uid: string, clusterId: string, context: CommandContext): Promise<Result<unknown, DomainError>> {
    const release = { type: 'release', clusterId } as const;
    return this.commands.run(clusterNameDecider, clusterNameStream(uid), release, context, { step: 'release' });
  }
}

const namedOf = ({ kind, name, id }: Named): Named => ({ kind, name, id });
