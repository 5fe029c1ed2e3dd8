import { BUS, Caller, Input, refuse, reply, Serves, type Bus, type Reply, type RequestContext } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import {
  clusterKubeconfigRequest,
  getClusterPolicyRequest,
  getClusterRequest,
  issueTokenRequest,
  listClustersRequest,
  type ClusterView,
} from '#deployments/contract';
import { COMMANDS, READ_MODELS, type CommandRunner, type ReadModels } from '#event-sourcing';
import { err, ok, type DomainError, type Result } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { applicationsProjection } from '../applications/applications.projection.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { profilesProjection } from '../profiles/profiles.projection.ts';
import { organizationOf } from '../shared/organization-of.ts';
import { allDocuments } from '../shared/pages.service.ts';
import { People, type Membership } from '../shared/people.service.ts';
import { ClusterViews } from './cluster-views.service.ts';
import { clusterDecider, clusterStream } from './cluster.decider.ts';
import { clustersProjection, type ClusterDocument } from './clusters.projection.ts';
import { ConnectionDetails } from './connection-details.service.ts';
import { SandboxProvisioning } from './sandbox-provisioning.service.ts';

/** Clusters, and the short-lived credentials that people get for them. */
@Controller()
export class ClustersQueries {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(People) private readonly people: People,
    @Inject(SandboxProvisioning) private readonly sandbox: SandboxProvisioning,
    @Inject(ConnectionDetails) private readonly connections: ConnectionDetails,
    @Inject(ClusterViews) private readonly answers: ClusterViews,
  ) {}

  @Serves(listClustersRequest)
  async list(
    @Input() { provider }: InputOf<typeof listClustersRequest>,
    @Caller() context: RequestContext,
  ): Promise<Reply<OutputOf<typeof listClustersRequest>>> {
    const found = await this.all(context);
    if (!found.ok) return refuse(found.error);
    const views = await this.answers.views(found.value);
    return reply({ items: views.filter((view) => provider === undefined || view.provider === provider) });
  }

  @Serves(getClusterRequest)
  async get(
    @Input() { name }: InputOf<typeof getClusterRequest>,
    @Caller() context: RequestContext,
  ): Promise<Reply<ClusterView>> {
    const found = await this.find(name, context);
    if (!found.ok) return refuse(found.error);
    const [view] = await this.answers.views([found.value]);
    return view ? reply(view, { revision: found.value.revision }) : refuse(deploymentsErrors.clusterNotFound(name, []));
  }

  @Serves(getClusterPolicyRequest)
  async policy(
    @Input() { name }: InputOf<typeof getClusterPolicyRequest>,
    @Caller() context: RequestContext,
  ): Promise<Reply<OutputOf<typeof getClusterPolicyRequest>>> {
    const found = await this.find(name, context);
    if (!found.ok) return refuse(found.error);
    const [view] = await this.answers.views([found.value]);
    return view
      ? reply(view.policy, { revision: found.value.revision })
      : refuse(deploymentsErrors.clusterNotFound(name, []));
  }

  /** Every issue is an event, recorded before the token leaves. */
  @Serves(clusterKubeconfigRequest)
  async kubeconfig(
    @Input() { name }: InputOf<typeof clusterKubeconfigRequest>,
    @Caller() context: RequestContext,
  ): Promise<Reply<OutputOf<typeof clusterKubeconfigRequest>>> {
    const membership = await this.people.membership(context);
    if (!membership.ok) return refuse(membership.error);
    const found = await this.find(name, context);
    if (!found.ok) return refuse(found.error);
    const { id, report } = found.value;
    if (report.state === 'PENDING' || report.state === 'DELETING')
      return refuse(deploymentsErrors.tokenUnavailable(name, report.state));
    const { organizationId } = membership.value;
    const cluster = await this.connections.of(organizationId, id);
    if (!cluster.ok) return refuse(cluster.error);
    const right = await this.rightOf(membership.value, id);
    if (!right.ok) return refuse(right.error);
    const own = this.bus.own({
      correlationId: context.correlationId,
      organizationId,
      timeoutMs: issueTokenRequest.timeoutMs,
    });
    const issued = await this.bus.request(
      issueTokenRequest,
      { cluster: cluster.value, organizationId, memberId: context.actor.id, ...right.value },
      own,
    );
    if (!issued.ok) return refuse(issued.error);
    const { token, expiresAt } = issued.value;
    const { access, namespaces, viewNamespaces } = right.value;
    const command = {
      type: 'record-kubeconfig',
      memberId: context.actor.id,
      access,
      namespaces: namespaces.length + viewNamespaces.length,
      expiresAt,
    } as const;
    const recorded = await this.commands.run(clusterDecider, clusterStream(id), command, context);
    if (!recorded.ok) return refuse(recorded.error);
    const { server, certificateAuthority, tlsServerName } = cluster.value;
    return reply(
      {
        clusterName: name,
        server,
        certificateAuthorityData:
          certificateAuthority === null ? null : Buffer.from(certificateAuthority).toString('base64'),
        tlsServerName,
        token,
        expiresAt,
        namespace: access === 'cluster' ? null : (namespaces[0] ?? viewNamespaces[0] ?? null),
      },
      { position: recorded.value.position },
    );
  }

  /** By role: the whole cluster, or the organization's namespaces; an editor only looks where a profile is protected. */
  private async rightOf(
    { organizationId, role, isAdmin }: Membership,
    clusterId: string,
  ): Promise<
    Result<
      {
        readonly access: 'cluster' | 'edit' | 'view';
        readonly namespaces: string[];
        readonly viewNamespaces: string[];
      },
      DomainError
    >
  > {
    if (isAdmin) return ok({ access: 'cluster', namespaces: [], viewNamespaces: [] });
    const applications = await allDocuments(this.readModels, applicationsProjection, {
      where: { organizationId, clusterId, deleted: false },
    });
    if (!applications.ok) return applications;
    const profiles = await allDocuments(this.readModels, profilesProjection, { where: { organizationId } });
    if (!profiles.ok) return profiles;
    const isProtected = (profileId: string): boolean =>
      profiles.value.find(({ id }) => id === profileId)?.content?.protected ?? true;
    const of = (wanted: boolean): string[] => [
      ...new Set(
        applications.value.flatMap(({ configuration, profileId }) =>
          configuration && isProtected(profileId) === wanted ? [configuration.targetNamespace] : [],
        ),
      ),
    ];
    const closed = of(true);
    const open = of(false).filter((namespace) => !closed.includes(namespace));
    return ok(
      role === 'editor'
        ? { access: 'edit', namespaces: open.sort(), viewNamespaces: closed.sort() }
        : { access: 'view', namespaces: [...open, ...closed].sort(), viewNamespaces: [] },
    );
  }

  private async find(name: string, context: RequestContext): Promise<Result<ClusterDocument, DomainError>> {
    const found = await this.all(context);
    if (!found.ok) return found;
    const cluster = found.value.find((one) => one.name === name);
    return cluster
      ? ok(cluster)
      : err(
          deploymentsErrors.clusterNotFound(
            name,
            found.value.map((one) => one.name),
          ),
        );
  }

  private async all(context: RequestContext): Promise<Result<readonly ClusterDocument[], DomainError>> {
    const organizationId = organizationOf(context);
    if (!organizationId.ok) return organizationId;
    const made = await this.sandbox.ensure(organizationId.value, context);
    return allDocuments(
      this.readModels,
      clustersProjection,
      { where: { organizationId: organizationId.value }, sort: { field: 'name', direction: 'ascending' } },
      context.consistency ?? made,
    );
  }
}
