import type { Sweep } from '#event-sourcing';
import { ok } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { OrganizationLookup } from '../shared/organization-lookup.service.ts';
import { Unfinished, UNFINISHED_EVERY_MS } from '../shared/unfinished.service.ts';
import { applicationsProjection } from './applications.projection.ts';
import { Deployer } from './deployer.service.ts';
import { NameRelease } from './name-release.service.ts';

/** Finishes creations and deletions of applications that were interrupted. */
@Injectable()
export class UnfinishedApplicationsSweep implements Sweep {
  readonly name = 'deployments-unfinished-applications';
  readonly everyMs = UNFINISHED_EVERY_MS;

  constructor(
    @Inject(Unfinished) private readonly unfinished: Unfinished,
    @Inject(Deployer) private readonly deployer: Deployer,
    @Inject(NameRelease) private readonly release: NameRelease,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    await this.unfinished.each(applicationsProjection, { unfinished: true }, signal, async (document, context) => {
      const { id: applicationId, organizationId, intent, createdAt, namedNamespace } = document;
      if (!intent || this.unfinished.isYoung(createdAt)) return ok(undefined);
      const isAdmin = await this.organizations.isAdmin(organizationId, intent.by);
      const begun = {
        organizationId,
        applicationId,
        configuration: intent,
        revision: 1,
        named: namedNamespace,
        isAdmin,
      };
      return this.deployer.finishCreation(begun, context);
    });
    await this.unfinished.each(
      applicationsProjection,
      { deleted: true, released: false },
      signal,
      (document, context) => this.release.release(document.organizationId, document.id, document.name, context),
    );
  }
}
