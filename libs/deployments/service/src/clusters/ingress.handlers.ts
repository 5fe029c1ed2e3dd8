import { Caller, Input, refuse, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { DEFAULT_INGRESS, getClusterIngressRequest, setClusterIngressRequest } from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { Controller, Inject } from '@nestjs/common';
import { deploymentsErrors } from '../deployments.errors.ts';
import { withoutUndefined } from '../resolve/without-undefined.ts';
import { ClusterLookup } from './cluster-lookup.service.ts';
import { clusterDecider, clusterStream } from './cluster.decider.ts';

/** Handles the ingress settings of clusters. */
@Controller()
export class IngressHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(ClusterLookup) private readonly clusters: ClusterLookup,
  ) {}

  @Serves(getClusterIngressRequest)
  async get(
    @Input() { name }: InputOf<typeof getClusterIngressRequest>,
    @Caller() context: ContextOf<typeof getClusterIngressRequest>,
  ): Promise<ReplyTo<typeof getClusterIngressRequest>> {
    const found = await this.clusters.find(name, context);
    if (!found.ok) return refuse(found.error);
    const { cluster } = found.value;
    return cluster.status === 'active'
      ? reply(cluster.ingress, { revision: cluster.revision })
      : refuse(deploymentsErrors.clusterNotFound(name, []));
  }

  @Serves(setClusterIngressRequest)
  async set(
    @Input() { org: _, name, ...ingress }: InputOf<typeof setClusterIngressRequest>,
    @Caller() context: ContextOf<typeof setClusterIngressRequest>,
  ): Promise<ReplyTo<typeof setClusterIngressRequest>> {
    const found = await this.clusters.find(name, context);
    if (!found.ok) return refuse(found.error);
    const command = { type: 'set-ingress', ingress: withoutUndefined(ingress) } as const;
    return this.commands.reply(clusterDecider, clusterStream(found.value.id), command, context, ({ state }) =>
      state.status === 'active' ? state.ingress : DEFAULT_INGRESS,
    );
  }
}
