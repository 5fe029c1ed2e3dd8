import type { ResolvedSpec } from '#deployments/contract';
import { err, ok, type DomainError, type Result } from '#kernel';
import type { WorkloadIdentity } from '#kubernetes';
import { Inject, Injectable } from '@nestjs/common';
import { deploymentsErrors } from '../deployments.errors.ts';
import { identityIn, newIdentity, type NewWorkload } from '../resolve/identity.ts';
import { volumeErrors } from '../resolve/volumes.ts';
import { VaultRecords } from '../shared/vault-records.service.ts';
import type { Application, Revision } from './application.ts';

/** What revisions hold, from the vault. */
@Injectable()
export class RevisionContent {
  constructor(@Inject(VaultRecords) private readonly records: VaultRecords) {}

  /** Undefined where the record is gone. */
  async of({ resolved }: Pick<Revision, 'resolved'>): Promise<Result<ResolvedSpec | undefined, DomainError>> {
    const record = await this.records.get(resolved.record);
    if (!record.ok) return record;
    return ok(record.value === undefined ? undefined : (JSON.parse(record.value) as ResolvedSpec)); // written by ourselves
  }

  /**
   * What the objects of an image application are found by: as in its revisions before, of which any may be deployed;
   * a new choice where there is none.
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
   * Refuses what the volumes of an application cannot become, by what was deployed last: a revision that failed may never
   * have reached them.
   * @param pointer of the spec in what was sent
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
