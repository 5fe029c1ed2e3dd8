import { organizationNotFound } from '#access';
import {
  BUS,
  Caller,
  Input,
  refuse,
  reply,
  Serves,
  type Bus,
  type Reply,
  type OrganizationContext,
  type ContextOf,
} from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { clusterKubeconfigRequest, issueTokenRequest } from '#deployments/contract';
import { COMMANDS, READ_MODELS, type CommandRunner, type ReadModels } from '#event-sourcing';
import { err, ok, type DomainError, type Position, type Result } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { applicationsProjection } from '../applications/applications.projection.ts';
import { AccessEnds } from '../clusters/access-ends.service.ts';
import { ClusterDocuments } from '../clusters/cluster-documents.service.ts';
import { clusterDecider, clusterStream } from '../clusters/cluster.decider.ts';
import type { AccessLevel } from '../clusters/cluster.events.ts';
import { ConnectionDetails } from '../clusters/connection-details.service.ts';
import { accessOf } from '../clusters/member-access.ts';
import { isOwnCluster } from '../clusters/registration.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { profilesProjection } from '../profiles/profiles.projection.ts';
import { allDocuments } from '../shared/pages.service.ts';
import { OrganizationLookup } from '../shared/organization-lookup.service.ts';
import { namespacesFor, type NamespaceRights } from './namespace-rights.ts';

type Kubeconfig = OutputOf<typeof clusterKubeconfigRequest>;

/** How often the level is determined again because the member's role changes at the same time. */
const TRIES = 3;

/** Access that is issued: to whom, and where. */
interface Grant {
  readonly organizationId: string;
  readonly clusterId: string;
  readonly clusterName: string;
  readonly level: AccessLevel;
  /** Position of the log that includes the role and the grant. */
  readonly position: Position;
}

/**
 * Issues short-lived credentials for clusters. The grant is an event of the cluster before anything is created there.
 * The role is checked again afterwards, so that any later end of access finds the grant. Each issue is an event,
 * recorded before the token is returned. If the access ended in the meantime, no token is returned and the account is
 * deleted.
 */
@Controller()
export class KubeconfigsHandlers {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
    @Inject(ClusterDocuments) private readonly clusters: ClusterDocuments,
    @Inject(ConnectionDetails) private readonly connections: ConnectionDetails,
    @Inject(AccessEnds) private readonly ends: AccessEnds,
  ) {}

  @Serves(clusterKubeconfigRequest)
  async kubeconfig(
    @Input() { name }: InputOf<typeof clusterKubeconfigRequest>,
    @Caller() context: ContextOf<typeof clusterKubeconfigRequest>,
  ): Promise<Reply<Kubeconfig>> {
    const found = await this.clusters.find(name, context);
    if (!found.ok) return refuse(found.error);
    const { id, organizationId, report, registration } = found.value;
    if (report.state === 'PENDING' || report.state === 'DELETING')
      return refuse(deploymentsErrors.tokenUnavailable(name, report.state));
    const granted = await this.grant(
      { organizationId, clusterId: id, clusterName: name, isOwn: isOwnCluster(registration) },
      context,
    );
    return granted.ok ? this.issue(granted.value, context) : refuse(granted.error);
  }

  private async grant(
    { isOwn, ...of }: Pick<Grant, 'organizationId' | 'clusterId' | 'clusterName'> & { readonly isOwn: boolean },
    context: OrganizationContext,
  ): Promise<Result<Grant, DomainError>> {
    const stream = clusterStream(of.clusterId);
    let level = await this.level(isOwn, context);
    for (let tries = 1; level.ok && tries <= TRIES; tries++) {
      const access = level.value;
      const ended = await this.endOther(of, access, context);
      if (!ended.ok) return ended;
      const command = { type: 'grant-access', memberId: context.actor.id, access } as const;
      const granted = await this.commands.run(clusterDecider, stream, command, context, { step: `grant ${tries}` });
      if (!granted.ok) return granted;
      const { position } = granted.value;
      level = await this.level(isOwn, context, position);
      if (level.ok && level.value === access) return ok({ ...of, level: access, position });
      if (!level.ok) await this.ends.end(of, context.actor.id, { cause: 'removed' }, context);
    }
    if (!level.ok) return level;
    return err(deploymentsErrors.accessEnding(of.clusterName));
  }

  /** Ends an account of another level, or one that is being deleted, before one of this level is created. */
  private async endOther(
    { organizationId, clusterId, clusterName }: Pick<Grant, 'organizationId' | 'clusterId' | 'clusterName'>,
    access: AccessLevel,
    context: OrganizationContext,
  ): Promise<Result<void, DomainError>> {
    const loaded = await this.commands.load(clusterDecider, clusterStream(clusterId));
    if (!loaded.ok) return loaded;
    const { state } = loaded.value;
    const memberId = context.actor.id;
    const present = state.status === 'active' ? state.accesses.members.get(memberId) : undefined;
    if (!present || (present.access === access && present.ending === null)) return ok(undefined);
    const of = { organizationId, clusterId };
    const ended = await this.ends.end(of, memberId, { cause: 'other-level' }, context);
    if (!ended.ok) return ended;
    return ended.value ? err(deploymentsErrors.accessEnding(clusterName)) : ok(undefined);
  }

  private async issue(
    { organizationId, clusterId, clusterName, level, position }: Grant,
    context: OrganizationContext,
  ): Promise<Reply<Kubeconfig>> {
    const memberId = context.actor.id;
    const cluster = await this.connections.of(organizationId, clusterId);
    if (!cluster.ok) return refuse(cluster.error);
    const rights = await this.rights(organizationId, clusterId, level, position);
    if (!rights.ok) return refuse(rights.error);
    const { namespaces, viewNamespaces } = rights.value;
    const { correlationId } = context;
    const own = this.bus.own({ correlationId, organizationId, timeoutMs: issueTokenRequest.timeoutMs });
    const wanted = { cluster: cluster.value, organizationId, memberId, access: level };
    const issued = await this.bus.request(
      issueTokenRequest,
      { ...wanted, namespaces: [...namespaces], viewNamespaces: [...viewNamespaces] },
      own,
    );
    if (!issued.ok) return refuse(issued.error);
    const { token, expiresAt } = issued.value;
    const command = {
      type: 'record-kubeconfig',
      memberId,
      access: level,
      namespaces: namespaces.length + viewNamespaces.length,
      expiresAt,
    } as const;
    const recorded = await this.commands.run(clusterDecider, clusterStream(clusterId), command, context);
    if (!recorded.ok) return refuse(recorded.error);
    if (!recorded.value.events.some(({ type }) => type === 'cluster.kubeconfig-issued.v1')) {
      const ended = await this.ends.end({ organizationId, clusterId }, memberId, { cause: 'removed' }, context);
      return refuse(ended.ok ? deploymentsErrors.accessEnded(clusterName) : ended.error);
    }
    const { server, certificateAuthority, tlsServerName } = cluster.value;
    return reply(
      {
        clusterName,
        server,
        certificateAuthorityData:
          certificateAuthority === null ? null : Buffer.from(certificateAuthority).toString('base64'),
        tlsServerName,
        token,
        expiresAt,
        namespace: level === 'cluster' ? null : (namespaces[0] ?? viewNamespaces[0] ?? null),
      },
      { position: recorded.value.position },
    );
  }

  /**
   * Determines the level from the role in the organization, and from whether the cluster is the platform's own. A global
   * admin gets that of their role as a member.
   */
  private async level(
    isOwn: boolean,
    context: OrganizationContext,
    atLeast?: Position,
  ): Promise<Result<AccessLevel, DomainError>> {
    const membership = await this.organizations.membership(context, atLeast);
    if (!membership.ok) return membership;
    const level = accessOf(membership.value.role, { isOwn });
    return level ? ok(level) : err(organizationNotFound());
  }

  private async rights(
    organizationId: string,
    clusterId: string,
    level: AccessLevel,
    atLeast: Position,
  ): Promise<Result<NamespaceRights, DomainError>> {
    if (level === 'cluster') return ok({ namespaces: [], viewNamespaces: [] });
    const where = { organizationId, clusterId, deleted: false };
    const applications = await allDocuments(this.readModels, applicationsProjection, { where }, atLeast);
    if (!applications.ok) return applications;
    const profiles = await allDocuments(this.readModels, profilesProjection, { where: { organizationId } }, atLeast);
    if (!profiles.ok) return profiles;
    const open = new Set(profiles.value.flatMap(({ id, content }) => (content?.protected === false ? [id] : [])));
    return ok(
      namespacesFor(
        level,
        applications.value.flatMap(({ configuration, profileId }) =>
          configuration ? [{ namespace: configuration.targetNamespace, isProtected: !open.has(profileId) }] : [],
        ),
      ),
    );
  }
}
