import { Caller, Input, refuse, reply, Serves, type Reply, type ContextOf } from '#bus';
import type { InputOf } from '#bus/contract';
import { reportClusterRequest } from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { CLOCK, type Clock } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { clusterDecider, clusterStream } from './cluster.decider.ts';
import { Heartbeats } from './heartbeats.service.ts';

const MESSAGE_LENGTH = 1_000;

/** Handles observers' reports about clusters. */
@Controller()
export class ReportsHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(Heartbeats) private readonly heartbeats: Heartbeats,
  ) {}

  @Serves(reportClusterRequest)
  async cluster(
    @Input() { organizationId, clusterId, state, reason, version, nodes }: InputOf<typeof reportClusterRequest>,
    @Caller() context: ContextOf<typeof reportClusterRequest>,
  ): Promise<Reply<Record<never, never>>> {
    if (state !== 'UNREACHABLE') await this.heartbeats.record(clusterId);
    const command = {
      type: 'report',
      report: { state, reason: reason?.slice(0, MESSAGE_LENGTH) ?? null, version, nodes },
    } as const;
    const recorded = await this.commands.run(
      clusterDecider,
      clusterStream(clusterId),
      command,
      { ...context, organizationId },
      { step: `report ${this.clock.now()}` },
    );
    if (!recorded.ok && recorded.error.kind === 'unavailable') return refuse(recorded.error);
    return reply({}); // the cluster was deleted
  }
}
