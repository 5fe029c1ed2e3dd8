import { ACCESS, asRequested, type AccessSource } from '#access';
import { BUS, type Bus } from '#bus';
import type { Sweep } from '#event-sourcing';
import { LOGGER, type Logger } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { organizationErrors } from '../organization.errors.ts';
import { OrganizationDeletion } from './deletion.service.ts';

/**
 * Completes deletions that wait until nothing is left, or that a crash interrupted. One that waits delays no other, as
 * it would in a reactor.
 */
@Injectable()
export class DeletionsSweep implements Sweep {
  readonly name = 'organization-deletions';
  readonly everyMs = 5_000;

  constructor(
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(OrganizationDeletion) private readonly deletion: OrganizationDeletion,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    const directory = await this.access.current();
    if (!directory.ok) return; // the next run may read it
    for (const { id: organizationId, deletion } of directory.value.organizations.values()) {
      if (signal.aborted) return;
      if (!deletion) continue;
      const finished = await this.deletion.finish(
        organizationId,
        asRequested(deletion, this.bus.own({ organizationId })),
      );
      if (!finished.ok && finished.error.code !== organizationErrors.deletionWaits(0, 0).code)
        this.logger.warn({ organizationId, code: finished.error.code }, 'a deletion could not be completed yet');
    }
  }
}
