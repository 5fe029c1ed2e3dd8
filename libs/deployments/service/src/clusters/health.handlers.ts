import { Caller, Input, refuse, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import {
  clusterHealthRulesRequest,
  DEFAULT_HEALTH,
  getClusterHealthRequest,
  setClusterHealthRequest,
} from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { Controller, Inject } from '@nestjs/common';
import { deploymentsErrors } from '../deployments.errors.ts';
import { ClusterLookup } from './cluster-lookup.service.ts';
import { clusterDecider, clusterStream } from './cluster.decider.ts';

/** Handles the rules of clusters for the health of kinds. */
@Controller()
export class HealthHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(ClusterLookup) private readonly clusters: ClusterLookup,
  ) {}

  @Serves(getClusterHealthRequest)
  async get(
    @Input() { name }: InputOf<typeof getClusterHealthRequest>,
    @Caller() context: ContextOf<typeof getClusterHealthRequest>,
  ): Promise<ReplyTo<typeof getClusterHealthRequest>> {
    const found = await this.clusters.find(name, context);
    if (!found.ok) return refuse(found.error);
    const { cluster } = found.value;
    return cluster.status === 'active'
      ? reply(cluster.health, { revision: cluster.revision })
      : refuse(deploymentsErrors.clusterNotFound(name, []));
  }

  @Serves(setClusterHealthRequest)
  async set(
    @Input() { name, kinds }: InputOf<typeof setClusterHealthRequest>,
    @Caller() context: ContextOf<typeof setClusterHealthRequest>,
  ): Promise<ReplyTo<typeof setClusterHealthRequest>> {
    const found = await this.clusters.find(name, context);
    if (!found.ok) return refuse(found.error);
    const command = { type: 'set-health', health: { kinds } } as const;
    return this.commands.reply(clusterDecider, clusterStream(found.value.id), command, context, ({ state }) =>
      state.status === 'active' ? state.health : DEFAULT_HEALTH,
    );
  }

  @Serves(clusterHealthRulesRequest)
  async rules(
    @Input() { clusterId }: InputOf<typeof clusterHealthRulesRequest>,
  ): Promise<ReplyTo<typeof clusterHealthRulesRequest>> {
    const loaded = await this.commands.load(clusterDecider, clusterStream(clusterId));
    if (!loaded.ok) return refuse(loaded.error);
    const { state } = loaded.value;
    return state.status === 'active'
      ? reply(state.health)
      : refuse(deploymentsErrors.clusterNotFound('of that id', []));
  }
}
