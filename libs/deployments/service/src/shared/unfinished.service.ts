import { BUS, type Bus, type RequestContext } from '#bus';
import { READ_MODELS, type ReadModels } from '#event-sourcing';
import {
  CLOCK,
  LOGGER,
  type Clock,
  type DomainError,
  type Fact,
  type Logger,
  type Projection,
  type Result,
} from '#kernel';
import type { Query } from '#read-store';
import { Inject, Injectable } from '@nestjs/common';
import { everyDocument } from './pages.service.ts';

/** How often sweeps look for it, in milliseconds. */
export const UNFINISHED_EVERY_MS = 15_000;
/** A creation younger than this, in milliseconds, may still be under way in some request. */
const GRACE_MS = 30_000;

/** What a crash left between two streams: creations that have only their name, deletions that still hold it. */
@Injectable()
export class Unfinished {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Finishes each document that is found; what cannot be finished is logged, and found again by the next run. */
  async each<E extends Fact, D extends { readonly id: string; readonly organizationId: string }>(
    projection: Projection<E, D>,
    where: NonNullable<Query['where']>,
    signal: AbortSignal,
    finish: (document: D, context: RequestContext) => Promise<Result<unknown, DomainError>>,
  ): Promise<void> {
    for await (const found of everyDocument(this.readModels, projection, { where })) {
      if (signal.aborted || !found.ok) return;
      const { id, organizationId } = found.value;
      const finished = await finish(found.value, this.bus.own({ organizationId }));
      if (!finished.ok)
        this.logger.warn({ id, code: finished.error.code }, 'an interrupted operation could not be completed');
    }
  }

  /** Whether the request that began a creation may still be at work. */
  isYoung(createdAt: string): boolean {
    return this.clock.now() - Date.parse(createdAt) < GRACE_MS;
  }
}
