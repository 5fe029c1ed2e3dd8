import type { OrganizationContext } from '#bus';
import { READ_MODELS, type ReadModels } from '#event-sourcing';
import { err, ok, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { deploymentsErrors } from '../deployments.errors.ts';
import { allDocuments } from '../shared/pages.service.ts';
import { clustersProjection, type ClusterDocument } from './clusters.projection.ts';
import { SandboxProvisioning } from './sandbox-provisioning.service.ts';

/** Finds clusters by name in the organization of the request. */
@Injectable()
export class ClusterDocuments {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(SandboxProvisioning) private readonly sandbox: SandboxProvisioning,
  ) {}

  async all(context: OrganizationContext): Promise<Result<readonly ClusterDocument[], DomainError>> {
    const { organizationId } = context;
    const made = await this.sandbox.ensure(organizationId, context);
    return allDocuments(
      this.readModels,
      clustersProjection,
      { where: { organizationId: organizationId }, sort: { field: 'name', direction: 'ascending' } },
      context.consistency ?? made,
    );
  }

  async find(name: string, context: OrganizationContext): Promise<Result<ClusterDocument, DomainError>> {
    const found = await this.all(context);
    if (!found.ok) return found;
    const cluster = found.value.find((one) => one.name === name);
    const names = found.value.map((one) => one.name);
    return cluster ? ok(cluster) : err(deploymentsErrors.clusterNotFound(name, names));
  }
}
