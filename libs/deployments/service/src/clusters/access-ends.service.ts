import { ACCESS, activeMember, type AccessSource, type Role } from '#access';
import { BUS, type Bus, type RequestContext } from '#bus';
import { endAccessRequest } from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { CLOCK, LOGGER, ok, type Clock, type DomainError, type Logger, type Position, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { clusterDecider, clusterStream, type Cluster, type ClusterCommand } from './cluster.decider.ts';
import type { AccessEnd, AccessLevel } from './cluster.events.ts';
import { ConnectionDetails } from './connection-details.service.ts';
import { accessOf, type MemberAccess } from './member-access.ts';
import { isOwnCluster } from './registration.ts';

/** An account that could not be deleted yet. The deletion is retried until it succeeds. */
export interface PendingEnd {
  readonly cluster: string;
  readonly memberId: string;
  readonly error: DomainError;
}

interface OfCluster {
  readonly organizationId: string;
  readonly clusterId: string;
}

/** Accounts of one cluster that are deleted concurrently. */
const PARALLEL = 4;
/** Milliseconds to wait for a cluster while a caller waits for the response. */
const MAX_WAIT_MS = 4_000;

/**
 * Ends members' access to clusters, including all tokens that they received or created. The end is first recorded as an
 * event of the cluster, then the account is deleted there. The sweep retries what fails.
 */
@Injectable()
export class AccessEnds {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(ConnectionDetails) private readonly connections: ConnectionDetails,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Compares members' access to the organization's clusters with their roles, and ends what exceeds them.
   * @param memberId of one member; defaults to all members who have access
   * @param atLeast position of the log that the memberships must include
   * @returns accounts that are not deleted yet
   */
  async review(
    { organizationId, memberId }: { readonly organizationId: string; readonly memberId?: string },
    cause: Pick<RequestContext, 'correlationId'>,
    atLeast?: Position,
  ): Promise<Result<readonly PendingEnd[], DomainError>> {
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!catalog.ok) return catalog;
    const roleOf = await this.roles(organizationId, atLeast);
    if (!roleOf.ok) return roleOf;
    const clusters = [...catalog.value.state.entries.cluster.values()];
    const reviewed = await Promise.all(
      clusters.map(async ({ id: clusterId }) => {
        const present = await this.members(clusterId);
        if (!present.ok) return present;
        const { members, isOwn } = present.value;
        const concerned = [...members.keys()].filter((id) => memberId === undefined || id === memberId);
        return this.endAll({ organizationId, clusterId }, concerned, cause, (id) => {
          const role = roleOf.value(id);
          const upTo = accessOf(role, { isOwn });
          return { cause: role === undefined ? 'removed' : 'role-changed', ...(upTo !== undefined && { upTo }) };
        });
      }),
    );
    const pending: PendingEnd[] = [];
    for (const outcome of reviewed) {
      if (!outcome.ok) return outcome;
      pending.push(...outcome.value);
    }
    return ok(pending);
  }

  /** Ends all access of members to a cluster. */
  async endEverything(of: OfCluster, cause: RequestContext): Promise<Result<readonly PendingEnd[], DomainError>> {
    const present = await this.members(of.clusterId);
    return present.ok
      ? this.endAll(of, [...present.value.members.keys()], cause, () => ({ cause: 'cluster-removed' }))
      : present;
  }

  /**
   * Ends a member's access, or continues an end in progress.
   * @param silent failure of another account of the cluster; if set, the cluster is not contacted
   */
  async end(
    of: OfCluster,
    memberId: string,
    why: { readonly cause: AccessEnd; readonly upTo?: AccessLevel },
    cause: Pick<RequestContext, 'correlationId'>,
    silent?: PendingEnd,
  ): Promise<Result<PendingEnd | undefined, DomainError>> {
    const ended = await this.run(of, { type: 'end-access', memberId, ...why }, cause);
    if (!ended.ok) return ended;
    const present = ended.value?.accesses.members.get(memberId);
    if (!present || present.ending === null) return ok(undefined);
    return silent ? ok({ ...silent, memberId }) : this.finish(of, memberId, present.ending, cause);
  }

  /** Deletes an account on the cluster, and records the outcome. */
  private async finish(
    of: OfCluster,
    memberId: string,
    number: number,
    { correlationId }: Pick<RequestContext, 'correlationId'>,
  ): Promise<Result<PendingEnd | undefined, DomainError>> {
    const { organizationId, clusterId } = of;
    const cluster = await this.connections.of(organizationId, clusterId);
    if (!cluster.ok) return cluster.error.kind === 'not-found' ? ok(undefined) : cluster;
    const own = this.bus.own({ correlationId, organizationId, timeoutMs: MAX_WAIT_MS });
    const asked = await this.bus.request(endAccessRequest, { cluster: cluster.value, organizationId, memberId }, own);
    const outcome: ClusterCommand = asked.ok
      ? { type: 'record-access-ended', memberId, number }
      : { type: 'note-access-failure', memberId, code: asked.error.code };
    const recorded = await this.run(of, outcome, { correlationId });
    if (!recorded.ok) return recorded;
    if (asked.ok) return ok(undefined);
    this.logger.warn(
      { clusterId, memberId, code: asked.error.code },
      'the account of a member could not be deleted yet',
    );
    return ok({ cluster: cluster.value.name, memberId, error: asked.error });
  }

  /** Returns the members with access to a cluster, from its stream. Empty for a deleted cluster. */
  private async members(
    clusterId: string,
  ): Promise<Result<{ readonly members: ReadonlyMap<string, MemberAccess>; readonly isOwn: boolean }, DomainError>> {
    const loaded = await this.commands.load(clusterDecider, clusterStream(clusterId));
    if (!loaded.ok) return loaded;
    const { state } = loaded.value;
    if (state.status !== 'active') return ok({ members: new Map(), isOwn: false });
    return ok({ members: state.accesses.members, isOwn: isOwnCluster(state.registration) });
  }

  /** Returns a function from members to their roles: undefined for people who left, or are suspended or erased. */
  private async roles(
    organizationId: string,
    atLeast?: Position,
  ): Promise<Result<(memberId: string) => Role | undefined, DomainError>> {
    const current = await this.access.current(atLeast);
    if (!current.ok) return current;
    const { organizations, users } = current.value;
    const organization = organizations.get(organizationId);
    const nowMs = this.clock.now();
    return ok((memberId) => {
      const user = users.get(memberId);
      return user?.erased || user?.suspended || !organization
        ? undefined
        : activeMember(organization, memberId, nowMs)?.role;
    });
  }

  private async endAll(
    of: OfCluster,
    memberIds: readonly string[],
    cause: Pick<RequestContext, 'correlationId'>,
    why: (memberId: string) => { readonly cause: AccessEnd; readonly upTo?: AccessLevel },
  ): Promise<Result<readonly PendingEnd[], DomainError>> {
    const pending: PendingEnd[] = [];
    for (let from = 0; from < memberIds.length; from += PARALLEL) {
      const some = memberIds.slice(from, from + PARALLEL);
      // All ends are recorded. A cluster that does not respond to one of them is not contacted for the others.
      const silent = pending.find(({ error }) => error.kind === 'unavailable');
      const ended = await Promise.all(some.map((memberId) => this.end(of, memberId, why(memberId), cause, silent)));
      for (const outcome of ended) {
        if (!outcome.ok) return outcome;
        if (outcome.value) pending.push(outcome.value);
      }
    }
    return ok(pending);
  }

  /** Runs a command on the cluster. Returns undefined if the cluster was deleted. */
  private async run(
    { organizationId, clusterId }: OfCluster,
    command: ClusterCommand,
    { correlationId }: Pick<RequestContext, 'correlationId'>,
  ): Promise<Result<Extract<Cluster, { status: 'active' }> | undefined, DomainError>> {
    const context = this.bus.own({ organizationId, correlationId });
    const recorded = await this.commands.run(clusterDecider, clusterStream(clusterId), command, context);
    if (!recorded.ok) return recorded.error.kind === 'not-found' ? ok(undefined) : recorded;
    const { state } = recorded.value;
    return ok(state.status === 'active' ? state : undefined);
  }
}
