import { BUS, type Bus } from '#bus';
import { COMMANDS, READ_MODELS, type CommandRunner, type ReadModels, type Sweep } from '#event-sourcing';
import { CLOCK, LOGGER, type Clock, type Logger } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { headDecider } from '../heads/head.decider.ts';
import { headStream } from '../heads/head.events.ts';
import { headsProjection, type NewestHeads } from '../heads/heads.projection.ts';
import { HeadSink } from './head-sink.service.ts';

const HOUR_MS = 60 * 60 * 1000;
const PAGE = 500;

/**
 * Writes the newest head of each organization to the place outside the platform, every hour in which its log has grown.
 * A head of the same size with another root, which is already there, means that the log was written again.
 */
@Injectable()
export class HeadPublishingSweep implements Sweep {
  readonly name = 'audit-head-publishing';
  readonly everyMs = 5 * 60_000;

  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(HeadSink) private readonly sink: HeadSink,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    if (!this.sink.isConfigured) return;
    let cursor: string | undefined;
    do {
      const page = await this.readModels.find(headsProjection, {
        limit: PAGE,
        ...(cursor !== undefined && { cursor }),
      });
      if (!page.ok) return;
      for (const { document } of page.value.items) {
        if (signal.aborted) return;
        if (isDue(document, this.clock.now())) await this.publish(document);
      }
      cursor = page.value.next;
    } while (cursor !== undefined);
  }

  private async publish({ organizationId, size, note }: NewestHeads): Promise<void> {
    const name = `${organizationId}/${String(size).padStart(20, '0')}.checkpoint`;
    try {
      const written = await this.sink.write(name, note);
      if (written === 'different') {
        this.logger.error(
          { organizationId, head: name },
          'ALARM: another head of this size was published before; the audit log was written again',
        );
        return;
      }
      await this.commands.run(
        headDecider,
        headStream(organizationId),
        { type: 'publish', size },
        this.bus.own({ organizationId }),
      );
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      this.logger.warn({ organizationId, cause }, 'a signed head could not be written to ASTRO_AUDIT_SINK');
    }
  }
}

const isDue = ({ size, published }: NewestHeads, nowMs: number): boolean =>
  published === undefined || (size > published.size && nowMs - Date.parse(published.at) >= HOUR_MS);
