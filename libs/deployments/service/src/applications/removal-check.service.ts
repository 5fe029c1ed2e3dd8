import type { ResolvedSpec } from '#deployments/contract';
import { ok, type DomainError, type Result } from '#kernel';
import { removalsBetween, removalsText, removesMost } from '#kubernetes';
import { Inject, Injectable } from '@nestjs/common';
import { AttemptHistory, deployedObjectsOf } from '../attempts/attempt-history.service.ts';
import { inventoryOf } from '../attempts/attempt.ts';
import { ManifestReader } from '../shared/manifest-reader.service.ts';
import type { Application } from './application.ts';

/** A revision that would replace the present one. */
interface Next {
  readonly application: Application;
  readonly resolved: Pick<ResolvedSpec, 'source'>;
  /** Whether objects that the revision does not contain are deleted. */
  readonly prunes: boolean;
}

/** Finds revisions that would delete most objects of an application, before they are recorded. */
@Injectable()
export class RemovalCheck {
  constructor(
    @Inject(AttemptHistory) private readonly history: AttemptHistory,
    @Inject(ManifestReader) private readonly manifests: ManifestReader,
  ) {}

  /**
   * Returns what would be deleted, as text, or undefined if it is less than half. For sources other than inline
   * manifests, only the worker knows the objects, and refuses the attempt instead.
   */
  async of({ application, resolved: { source }, prunes }: Next): Promise<Result<string | undefined, DomainError>> {
    if (!prunes || source.type !== 'yaml' || application.attempts.length === 0) return ok(undefined);
    const records = await this.history.of(application.attempts);
    if (!records.ok) return records;
    const next = await this.manifests.objects(source.manifests);
    if (!next.ok) return next;
    const removals = removalsBetween(inventoryOf(records.value), next.value);
    return ok(removesMost(removals, deployedObjectsOf(records.value)) ? removalsText(removals) : undefined);
  }
}
