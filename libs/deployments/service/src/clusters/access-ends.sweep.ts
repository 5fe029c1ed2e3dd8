import { BUS, type Bus } from '#bus';
import { READ_MODELS, type ReadModels, type Sweep } from '#event-sourcing';
import { LOGGER, type Logger } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { everyDocument } from '../shared/pages.service.ts';
import { AccessEnds } from './access-ends.service.ts';
import { accessProjection } from './access.projection.ts';

/** Organizations that are reviewed concurrently. Each waits for its own clusters. */
const PARALLEL = 8;

/**
 * Retries the deletion of accounts until their cluster succeeds, and ends access that exceeds the member's role for any
 * reason.
 */
@Injectable()
export class AccessEndsSweep implements Sweep {
  readonly name = 'deployments-access-ends';
  readonly everyMs = 15_000;

  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(AccessEnds) private readonly ends: AccessEnds,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    const organizations = new Set<string>();
    for await (const found of everyDocument(this.readModels, accessProjection, {})) {
      if (signal.aborted || !found.ok) return;
      if (found.value.rows.length > 0) organizations.add(found.value.organizationId);
    }
    const all = [...organizations];
    for (let from = 0; from < all.length && !signal.aborted; from += PARALLEL)
      await Promise.all(all.slice(from, from + PARALLEL).map((organizationId) => this.review(organizationId)));
  }

  private async review(organizationId: string): Promise<void> {
    const reviewed = await this.ends.review({ organizationId }, this.bus.own({ organizationId }));
    if (!reviewed.ok)
      this.logger.warn({ organizationId, code: reviewed.error.code }, 'access to clusters could not be reviewed');
  }
}
