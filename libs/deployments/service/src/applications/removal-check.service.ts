import type { ResolvedSpec } from '#deployments/contract';
import { ok, type DomainError, type Result } from '#kernel';
import { removalsBetween, removalsText, removesMost, type ObjectKey } from '#kubernetes';
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
  /** Returns the JSON of the objects of a source that only a worker can render. Absent if that is not to be done. */
  readonly preview?: () => Promise<Result<string, DomainError>>;
}

/** Finds revisions that would delete most objects of an application, before they are recorded. */
@Injectable()
export class RemovalCheck {
  constructor(
    @Inject(AttemptHistory) private readonly history: AttemptHistory,
    @Inject(ManifestReader) private readonly manifests: ManifestReader,
  ) {}

  /**
   * Returns what would be deleted, as text, or undefined if it is less than half. If a source cannot be rendered now, it
   * is not known, and the worker refuses the attempt instead.
   */
  async of({
    application,
    resolved: { source },
    prunes,
    preview,
  }: Next): Promise<Result<string | undefined, DomainError>> {
    if (!prunes || application.attempts.length === 0) return ok(undefined);
    const records = await this.history.of(application.attempts);
    if (!records.ok) return records;
    const present = inventoryOf(records.value);
    if (present.length < 2) return ok(undefined); // one object is never most of an application
    const next =
      source.type === 'yaml' ? await this.manifests.objects(source.manifests) : await this.previewed(preview);
    if (!next?.ok) return next ?? ok(undefined);
    const removals = removalsBetween(present, next.value);
    return ok(removesMost(removals, deployedObjectsOf(records.value)) ? removalsText(removals) : undefined);
  }

  private async previewed(preview: Next['preview']): Promise<Result<readonly ObjectKey[], DomainError> | undefined> {
    const rendered = await preview?.();
    return rendered?.ok ? this.manifests.renderedObjects(rendered.value) : undefined;
  }
}
