import type { ResolvedSpec } from '#deployments/contract';
import { err, ok, type DomainError, type Result } from '#kernel';
import type { WorkloadIdentity } from '#kubernetes';
import { Inject, Injectable } from '@nestjs/common';
import { deploymentsErrors } from '../deployments.errors.ts';
import { identityIn, newIdentity, type NewWorkload } from '../resolve/identity.ts';
import { volumeErrors } from '../resolve/volumes.ts';
import { VaultRecords } from '../shared/vault-records.service.ts';
import type { Application, Revision } from './application.ts';

/** Reads the content of revisions from the vault. */
@Injectable()
export class RevisionContent {
  constructor(@Inject(VaultRecords) private readonly records: VaultRecords) {}

  /** Returns the content, or undefined if the record was removed. */
  async of({ resolved }: Pick<Revision, 'resolved'>): Promise<Result<ResolvedSpec | undefined, DomainError>> {
    const record = await this.records.get(resolved.record);
    if (!record.ok) return record;
    // written by the platform
    return ok(record.value === undefined ? undefined : (JSON.parse(record.value) as ResolvedSpec));
  }

  /**
   * Returns the labels and names that identify the objects of an image application: those of its earlier revisions, any
   * of which may be deployed, or new ones if there are none.
   */
  async identityOf(application: Application, next: NewWorkload): Promise<Result<WorkloadIdentity, DomainError>> {
    const last = application.revisions.findLast(({ source }) => source.type === 'image');
    if (!last) return ok(newIdentity(next));
    const content = await this.of(last);
    if (!content.ok) return content;
    const { value } = content;
    return ok(value?.source.type === 'image' ? identityIn(value.source.workload) : {});
  }

  /**
   * Rejects changes of volumes that Kubernetes does not support. Compares with the last revision that was deployed,
   * since a failed one may never have changed them.
   * @param pointer of the spec in the request
   */
  async checkVolumes(
    application: Application,
    next: ResolvedSpec,
    pointer: string,
  ): Promise<Result<void, DomainError>> {
    const last = application.revisions.findLast(({ succeeded }) => succeeded);
    const deployed = last ? await this.of(last) : ok(undefined);
    if (!deployed.ok) return deployed;
    const errors = deployed.value ? volumeErrors(deployed.value, next) : [];
    if (errors.length === 0) return ok(undefined);
    const placed = errors.map((error) => ({ ...error, pointer: pointer + error.pointer }));
    return err(deploymentsErrors.manifestInvalid(`application/${next.applicationName}`, placed));
  }
}
