import type { OrganizationContext } from '#bus';
import { READ_MODELS, type ReadModels } from '#event-sourcing';
import type { RevisionReceipt } from '#deployments/contract';
import { canonicalJson, err, ok, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { deploymentsErrors } from '../deployments.errors.ts';
import { pinnedIn } from '../resolve/remote-source.ts';
import { FingerprintKeys } from '../shared/fingerprint-keys.service.ts';
import { ManifestReader } from '../shared/manifest-reader.service.ts';
import { OrganizationLookup } from '../shared/organization-lookup.service.ts';
import { VaultRecords } from '../shared/vault-records.service.ts';
import type { Revision } from './application.ts';
import { receiptsProjection, type AttemptReceipt, type ReceiptDocument } from './receipts.projection.ts';
import { RevisionContent } from './revision-content.service.ts';
import { revisionId, revisionsProjection } from './revisions.projection.ts';

/** Objects of a revision, starting with one of them. `next` is absent if no object follows. */
export interface AppliedObjects {
  readonly objects: unknown[];
  readonly next?: number;
}

/** Reads receipts: how revisions were requested and deployed, and the objects that were applied. */
@Injectable()
export class Receipts {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
    @Inject(VaultRecords) private readonly records: VaultRecords,
    @Inject(RevisionContent) private readonly contents: RevisionContent,
    @Inject(ManifestReader) private readonly manifests: ManifestReader,
    @Inject(FingerprintKeys) private readonly keys: FingerprintKeys,
  ) {}

  /** @param before the revision before it; undefined for the first one */
  async of(
    applicationId: string,
    revision: Revision,
    before: Revision | undefined,
    context: OrganizationContext,
  ): Promise<Result<RevisionReceipt, DomainError>> {
    const id = revisionId(applicationId, revision.revision);
    const document = await this.document(applicationId, revision, context);
    if (!document.ok) return document;
    const recorded = await this.readModels.get(revisionsProjection, id, context.consistency);
    if (!recorded.ok) return recorded;
    const content = await this.contents.of(revision);
    if (!content.ok) return content;
    const pin = pinnedIn(content.value?.source)?.pin;
    const { attempts, attemptCount, requestId, actor } = document.value;
    const nameOf = await this.organizations.namesOf([revision.by, ...attempts.map(({ by }) => by)], context);
    const { syncPolicy = {} } = revision;
    return ok({
      by: nameOf(revision.by),
      byAdmin: revision.byAdmin === true,
      permission: isByPerson(actor) && !isSecretChange(revision, before) ? 'application.deploy' : null,
      requestId,
      when: recorded.value?.document.when ?? '',
      message: revision.message ?? null,
      rollbackOf: revision.rollbackOf === null ? null : `v${revision.rollbackOf}`,
      source: {
        type: revision.source.type,
        ref: revision.source.ref,
        commit: pin?.type === 'git' ? pin.commit : null,
        digest: pin?.type === 'helm' ? pin.digest : (/@(sha256:.+)$/.exec(revision.source.ref)?.[1] ?? null),
      },
      profile: { name: revision.profile.name, revision: revision.profile.revision },
      tier: revision.tier,
      cluster: revision.cluster.name,
      namespace: revision.targetNamespace,
      options: {
        namespaceMode: revision.namespaceMode,
        auto: syncPolicy.auto ?? false,
        prune: syncPolicy.prune ?? true,
        selfHeal: syncPolicy.selfHeal ?? false,
        rollback: syncPolicy.rollback ?? false,
        dependsOn: [...(revision.dependsOn ?? [])],
      },
      summary: [...revision.summary],
      changes: [...revision.changes],
      attempts: attempts.map((attempt) => shownAttempt(attempt, nameOf(attempt.by))),
      attemptCount,
    });
  }

  /**
   * Returns the objects of the newest attempt that prepared any, exactly as it applied them, but with fingerprints of
   * values that may be secret.
   * @param page index of the first object, and maximum size of all objects as JSON; at least one is returned
   * @returns `deployments/nothing-applied` if no attempt did
   */
  async objects(
    applicationId: string,
    revision: Revision,
    page: { readonly from: number; readonly bytes: number },
    context: OrganizationContext,
  ): Promise<Result<AppliedObjects, DomainError>> {
    const rendered = await this.rendered(applicationId, revision, context);
    if (!rendered.ok) return rendered;
    if (rendered.value === undefined) return err(deploymentsErrors.nothingApplied(revision.name, revision.revision));
    const key = await this.keys.of(context.organizationId);
    if (!key.ok) return key;
    return this.manifests.applied({ rendered: rendered.value, ...page, key: key.value });
  }

  /** Returns the JSON of the objects that the newest attempt prepared; undefined if none did, or if it was removed. */
  async rendered(
    applicationId: string,
    revision: Revision,
    context: OrganizationContext,
  ): Promise<Result<string | undefined, DomainError>> {
    const record = await this.recordOf(applicationId, revision, context);
    return record.ok && record.value !== undefined ? this.records.get(record.value) : record;
  }

  /** Returns the vault record with these objects; undefined if no attempt prepared any. */
  async recordOf(
    applicationId: string,
    revision: Revision,
    context: OrganizationContext,
  ): Promise<Result<string | undefined, DomainError>> {
    const document = await this.document(applicationId, revision, context);
    return document.ok ? ok(document.value.attempts.findLast(({ plan }) => plan !== null)?.plan?.rendered) : document;
  }

  private async document(
    applicationId: string,
    { revision }: Revision,
    { consistency }: OrganizationContext,
  ): Promise<Result<ReceiptDocument, DomainError>> {
    const found = await this.readModels.get(receiptsProjection, revisionId(applicationId, revision), consistency);
    if (!found.ok) return found;
    return ok(found.value?.document ?? { requestId: '', actor: '', attempts: [], attemptCount: 0 }); // not yet in the read model
  }
}

/** Returns false if it is unknown. */
const isByPerson = (actor: string): boolean => actor !== '' && !actor.startsWith('system:');

/** Returns whether a revision differs in its secrets only, so that whoever may write secrets may have made it. */
const isSecretChange = (revision: Revision, before: Revision | undefined): boolean =>
  (revision.rollbackOf === null || revision.rollbackOf === before?.rollbackOf) && // a rollback stays pinned
  revision.manifest.digest === before?.manifest.digest &&
  canonicalJson(revision.secrets ?? {}) !== canonicalJson(before.secrets ?? {});

const shownAttempt = (
  { plan, message, failFast, allowRemovals, restart, ...attempt }: AttemptReceipt,
  by: string,
): RevisionReceipt['attempts'][number] => ({
  ...attempt,
  by,
  message: message ?? null,
  failFast: failFast === true,
  allowRemovals: allowRemovals === true,
  restart: restart !== undefined,
  digest: plan?.digest ?? null,
  changes: (plan?.changes ?? []).map(({ object, action, fields }) => ({ object, action, fields: [...fields] })),
  changeCount: plan?.changeCount ?? null,
  warnings: [...(plan?.warnings ?? [])],
});
