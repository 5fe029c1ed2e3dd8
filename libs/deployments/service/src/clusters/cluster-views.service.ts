import { COMMANDS, READ_MODELS, type CommandRunner, type ReadModels } from '#event-sourcing';
import { DEFAULT_POLICY, type ClusterView } from '#deployments/contract';
import { Inject, Injectable } from '@nestjs/common';
import type { ClusterRegistration, WholePolicy } from '../catalog/beginnings.ts';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { applicationsOn } from '../catalog/catalog.ts';
import { stateOf } from './cluster.events.ts';
import { clustersProjection, type ClusterDocument } from './clusters.projection.ts';
import { Heartbeats } from './heartbeats.service.ts';

/** Part of a cluster's document that views show. */
export type ShownCluster = Pick<
  ClusterDocument,
  'id' | 'organizationId' | 'name' | 'createdAt' | 'registration' | 'policy' | 'report' | 'heartbeat' | 'revision'
>;

/** Builds views of clusters. */
@Injectable()
export class ClusterViews {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(Heartbeats) private readonly heartbeats: Heartbeats,
  ) {}

  async views(clusters: readonly ShownCluster[]): Promise<ClusterView[]> {
    const heard = await this.heartbeats.all();
    return Promise.all(clusters.map((cluster) => this.view(cluster, heard.get(cluster.id))));
  }

  /** Returns the registered cluster, with earlier reports about it. */
  async afterRegistration(
    { organizationId, id }: Pick<ShownCluster, 'organizationId' | 'id'>,
    registration: ClusterRegistration,
    revision: number,
    at: string,
  ): Promise<ClusterView> {
    const read = await this.readModels.get(clustersProjection, id);
    const createdAt = read.ok && read.value ? read.value.document.createdAt : at;
    const { name, policy, version, nodes } = registration;
    return this.view(
      {
        id,
        organizationId,
        name,
        createdAt,
        registration,
        policy,
        report: { ...stateOf(registration), version, nodes },
        heartbeat: at,
        revision,
      },
      undefined,
    );
  }

  private async view(
    { id, organizationId, name, createdAt, registration, policy, report, heartbeat, revision }: ShownCluster,
    heartbeatMs: number | undefined,
  ): Promise<ClusterView> {
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    const heard = heartbeatMs === undefined ? heartbeat : new Date(heartbeatMs).toISOString();
    return {
      id,
      name,
      state: report.state,
      reason: report.state === 'READY' ? null : report.reason,
      provider: registration?.provider ?? '-',
      region: registration?.region ?? null,
      type: registration?.type ?? 'registered',
      version: report.version,
      nodes: report.nodes,
      server: registration?.server ?? '-',
      heartbeat: heartbeat !== null && heard !== null && heard < heartbeat ? heartbeat : heard,
      policy: policyView(policy),
      createdAt,
      revision,
      apps: catalog.ok ? applicationsOn(catalog.value.state, id) : 0,
    };
  }
}

/** Returns a policy as the API returns it. */
export function policyView(policy: WholePolicy | null): ClusterView['policy'] {
  const { namespaces, clusterScoped, podSecurity } = policy ?? DEFAULT_POLICY;
  return {
    namespaces: [...namespaces],
    clusterScoped: typeof clusterScoped === 'string' ? clusterScoped : [...clusterScoped],
    podSecurity,
  };
}
