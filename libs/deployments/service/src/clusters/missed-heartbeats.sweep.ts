import { BUS, type Bus } from '#bus';
import { COMMANDS, READ_MODELS, type CommandRunner, type ReadModels, type Sweep } from '#event-sourcing';
import { CLOCK, LOGGER, type Clock, type Logger } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { everyDocument } from '../shared/pages.service.ts';
import { clusterDecider, clusterStream } from './cluster.decider.ts';
import { SILENT } from './cluster.events.ts';
import { clustersProjection } from './clusters.projection.ts';
import { Heartbeats, SILENCE_MS } from './heartbeats.service.ts';

/** Records that a cluster was unreachable for 60 s. Its next report ends that state. */
@Injectable()
export class MissedHeartbeatsSweep implements Sweep {
  readonly name = 'deployments-silence';
  readonly everyMs = 10_000;
  /** When this process first saw each cluster. Used for clusters without a heartbeat. */
  private readonly seen = new Map<string, number>();

  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(Heartbeats) private readonly heartbeats: Heartbeats,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    const now = this.clock.now();
    const monotonic = this.clock.monotonic();
    const heard = await this.heartbeats.all();
    for await (const found of everyDocument(this.readModels, clustersProjection, { where: { active: true } })) {
      if (signal.aborted || !found.ok) return;
      const { id, organizationId, report } = found.value;
      // No cluster could have reported right after a start, so this process waits for a minute first.
      const first = this.seen.get(id) ?? monotonic;
      this.seen.set(id, first);
      if (monotonic - first < SILENCE_MS || now - (heard.get(id) ?? 0) < SILENCE_MS) continue;
      if (report.code === SILENT.code) continue;
      const command = { type: 'report', report: SILENT } as const;
      const recorded = await this.commands.run(
        clusterDecider,
        clusterStream(id),
        command,
        this.bus.own({ organizationId }),
      );
      if (!recorded.ok)
        this.logger.warn(
          { clusterId: id, code: recorded.error.code },
          'the missing heartbeat of a cluster could not be recorded',
        );
    }
  }
}
