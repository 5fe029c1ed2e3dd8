import { ACCESS, type AccessSource } from '#access';
import type { Sweep } from '#event-sourcing';
import { Inject, Injectable } from '@nestjs/common';
import { OrganizationClearing } from './organization-clearing.service.ts';

/** Deletes what organizations have whose deletion was requested with `cascade`. */
@Injectable()
export class OrganizationClearingSweep implements Sweep {
  readonly name = 'deployments-organization-clearing';
  readonly everyMs = 5_000;

  constructor(
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(OrganizationClearing) private readonly clearing: OrganizationClearing,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    const directory = await this.access.current();
    if (!directory.ok) return; // the next run may read it
    for (const { id, deletion } of directory.value.organizations.values())
      if (deletion?.cascade) await this.clearing.clear(id, deletion, signal);
  }
}
