import { Caller, Input, refuse, reply, Serves, type ContextOf, type OrganizationContext, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import {
  API_VERSION,
  diffApplicationRequest,
  diffManifestRequest,
  getRevisionRequest,
  type ApplicationDiff,
  type ApplicationSpec,
  type FieldChange,
  type ResolvedSpec,
  type RevisionReceipt,
} from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { err, ok, type DomainError, type Result } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { DefaultProfile } from '../profiles/default-profile.service.ts';
import { pinnedIn } from '../resolve/remote-source.ts';
import type { RenderedPair } from '../shared/differences.service.ts';
import { FingerprintKeys } from '../shared/fingerprint-keys.service.ts';
import type { Differences } from '../shared/manifest-jobs.service.ts';
import { ManifestReader } from '../shared/manifest-reader.service.ts';
import { omit } from '../shared/omit.ts';
import { OrganizationLookup, type Membership } from '../shared/organization-lookup.service.ts';
import { Refusals } from '../shared/refusals.service.ts';
import { VaultRecords } from '../shared/vault-records.service.ts';
import { ApplicationViews } from './application-views.service.ts';
import { latestOf, type Application, type Revision } from './application.ts';
import { ApplicationLookup, type FoundApplication } from './application-lookup.service.ts';
import { DeploymentPlanner, type PlannedDeployment } from './deployment-planner.service.ts';
import { LiveStatus } from './live-status.service.ts';
import { Previews } from './previews.service.ts';
import { Receipts } from './receipts.service.ts';
import { SourcePins } from './source-pins.service.ts';

/** Manifest and receipt of a revision. */
interface Described {
  readonly manifest?: object;
  /** Number of values that are hidden in the manifest. */
  readonly hidden: number;
  readonly receipt?: Result<RevisionReceipt, DomainError>;
}

/** Maximum size of an answer with objects, as JSON. A message of the bus has at most 900 KiB. */
const ANSWER_BYTES = 800 * 1024;

const bytesOf = (value: object): number => Buffer.byteLength(JSON.stringify(value));

/** Reads the content of revisions and the differences between them. */
@Controller()
export class DifferencesQueries {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
    @Inject(ApplicationLookup) private readonly applications: ApplicationLookup,
    @Inject(Refusals) private readonly refusals: Refusals,
    @Inject(DefaultProfile) private readonly defaults: DefaultProfile,
    @Inject(ManifestReader) private readonly manifests: ManifestReader,
    @Inject(DeploymentPlanner) private readonly planner: DeploymentPlanner,
    @Inject(VaultRecords) private readonly records: VaultRecords,
    @Inject(ApplicationViews) private readonly views: ApplicationViews,
    @Inject(LiveStatus) private readonly live: LiveStatus,
    @Inject(SourcePins) private readonly pins: SourcePins,
    @Inject(Receipts) private readonly receipts: Receipts,
    @Inject(FingerprintKeys) private readonly fingerprintKeys: FingerprintKeys,
    @Inject(Previews) private readonly previews: Previews,
  ) {}

  @Serves(diffApplicationRequest)
  async diff(
    @Input() { name, from, to, live }: InputOf<typeof diffApplicationRequest>,
    @Caller() context: ContextOf<typeof diffApplicationRequest>,
  ): Promise<ReplyTo<typeof diffApplicationRequest>> {
    const found = await this.find(context.organizationId, name);
    if (!found.ok) return refuse(found.error);
    const { application } = found.value;
    if (live) return this.liveDifferences(name, application, context);
    const after = revisionAt(application, name, to);
    if (!after.ok) return refuse(after.error);
    const wanted = from ?? after.value.revision - 1;
    const before = wanted === 0 ? ok(undefined) : revisionAt(application, name, wanted);
    if (!before.ok) return refuse(before.error);
    const old = before.value && (await this.contentOf(name, before.value));
    if (old && !old.ok) return refuse(old.error);
    const now = await this.contentOf(name, after.value);
    if (!now.ok) return refuse(now.error);
    const rendered =
      old && pinnedIn(old.value.source) && pinnedIn(now.value.source)
        ? await this.renderedPair(found.value.id, before.value, after.value, context)
        : ok(undefined);
    if (!rendered.ok) return refuse(rendered.error);
    const differences = await this.manifests.differences({
      ...(old && { before: old.value }),
      after: now.value,
      key: keyOf(application),
      ...(rendered.value && { rendered: rendered.value }),
    });
    return differences.ok
      ? reply(diffOf(name, before.value, `v${after.value.revision}`, differences.value))
      : refuse(differences.error);
  }

  @Serves(diffManifestRequest)
  async diffManifest(
    @Input() { name, manifest }: InputOf<typeof diffManifestRequest>,
    @Caller() context: ContextOf<typeof diffManifestRequest>,
  ): Promise<ReplyTo<typeof diffManifestRequest>> {
    const { organizationId } = context;
    const membership = await this.organizations.membership(context);
    if (!membership.ok) return refuse(membership.error);
    const read = await this.manifests.application(name, manifest);
    if (!read.ok) return refuse(read.error);
    await this.defaults.ensure(organizationId, context);
    const found = await this.find(organizationId, name);
    if (!found.ok && found.error.code !== deploymentsErrors.applicationNotFound(name).code) return refuse(found.error);
    const prepared = found.ok ? ok(found.value.id) : await this.preparedId(organizationId, name);
    if (!prepared.ok) return refuse(prepared.error);
    const id = prepared.value ?? this.commands.newId(context, 0);
    // Nothing is deployed, so everyone who may read the application may see the differences, also on a protected
    // profile.
    const { spec, pointer } = read.value;
    const mayContact = membership.value.isAdmin || membership.value.role === 'editor';
    const pin = mayContact ? this.pins.of(spec, pointer, context) : this.pins.asBefore(spec);
    const planned = await this.planner.plan(read.value, id, { ...membership.value, isAdmin: true }, context, pin);
    if (!planned.ok) return refuse(await this.refusals.explain(planned.error, context));
    const latest = found.ok ? latestOf(found.value.application) : undefined;
    const old = latest && (await this.contentOf(name, latest));
    if (old && !old.ok) return refuse(old.error);
    // The fields of inline manifests are those of the objects.
    const isInline = old?.value.source.type === 'yaml' && planned.value.resolved.source.type === 'yaml';
    const pair = latest && !isInline ? await this.previewedPair(latest, planned.value, context) : ok(undefined);
    if (!pair.ok && pair.error.kind !== 'unavailable') return refuse(pair.error);
    const differences = await this.manifests.differences({
      ...(old && { before: old.value }),
      after: planned.value.resolved,
      key: found.ok ? keyOf(found.value.application) : id,
      ...(pair.ok && pair.value && { rendered: pair.value }),
    });
    if (!differences.ok) return refuse(differences.error);
    const diff = diffOf(name, latest, 'manifest', differences.value);
    return reply(
      pair.ok ? diff : { ...diff, warnings: [`The objects are not compared: ${lowered(pair.error.detail)}`] },
    );
  }

  @Serves(getRevisionRequest)
  async revision(
    @Input() { name, revision, objects, from }: InputOf<typeof getRevisionRequest>,
    @Caller() context: ContextOf<typeof getRevisionRequest>,
  ): Promise<ReplyTo<typeof getRevisionRequest>> {
    const membership = await this.organizations.membership(context);
    if (!membership.ok) return refuse(membership.error);
    const found = await this.find(context.organizationId, name);
    if (!found.ok) return refuse(found.error);
    const { application } = found.value;
    const asked = revisionAt(application, name, revision === 'latest' ? undefined : revision);
    if (!asked.ok) return refuse(asked.error);
    const described: Result<Described, DomainError> =
      objects && from > 0
        ? ok({ hidden: 0 })
        : await this.described(found.value, asked.value, membership.value, context);
    if (!described.ok) return refuse(described.error);
    const { manifest, receipt, hidden } = described.value;
    if (objects && receipt?.ok === false) return refuse(receipt.error);
    const beside = bytesOf(described.value);
    const applied = objects
      ? await this.receipts.objects(found.value.id, asked.value, { from, bytes: ANSWER_BYTES - beside }, context)
      : ok({});
    if (!applied.ok) return refuse(applied.error);
    const fits = !objects || beside + bytesOf(applied.value) <= ANSWER_BYTES;
    return reply(
      {
        version: `v${asked.value.revision}`,
        revision: asked.value.revision,
        ...(manifest && fits && { manifest }),
        hidden,
        ...(receipt?.ok && { receipt: receipt.value }), // a manifest is returned while the read model is built
        ...applied.value,
      },
      { revision: latestOf(application)?.revision ?? 0 },
    );
  }

  /** Returns manifest and receipt of a revision, as the caller may see them. */
  private async described(
    { id, application }: FoundApplication,
    revision: Revision,
    membership: Membership,
    context: OrganizationContext,
  ): Promise<Result<Described, DomainError>> {
    const record = await this.records.get(revision.manifest.record);
    if (!record.ok) return record;
    if (record.value === undefined) return err(deploymentsErrors.sourceGone(revision.name, revision.revision));
    const whole = JSON.parse(record.value) as ApplicationSpec; // the platform validated it before it stored it
    const shown = mayDeploy(membership, revision)
      ? ok({ spec: whole, hidden: 0 })
      : await this.manifests.hidden({ spec: whole, key: keyOf(application) });
    if (!shown.ok) return shown;
    const { name } = revision;
    const spec = omit(shown.value.spec as ApplicationSpec, 'name');
    return ok({
      manifest: { apiVersion: API_VERSION, kind: 'Application', metadata: { name }, spec },
      hidden: shown.value.hidden,
      receipt: await this.receipts.of(id, revision, application.revisions[revision.revision - 2], context),
    });
  }

  /** Returns what two revisions were rendered to, or undefined unless both were. */
  private async renderedPair(
    applicationId: string,
    before: Revision | undefined,
    after: Revision,
    context: OrganizationContext,
  ): Promise<Result<RenderedPair | undefined, DomainError>> {
    const old = before ? await this.receipts.rendered(applicationId, before, context) : ok(undefined);
    if (!old.ok) return old;
    if (old.value === undefined) return ok(undefined);
    const now = await this.receipts.rendered(applicationId, after, context);
    if (!now.ok) return now;
    if (now.value === undefined) return ok(undefined);
    const key = await this.fingerprintKeys.of(context.organizationId);
    if (!key.ok) return key;
    const { targetNamespace } = after;
    return ok({ before: old.value, after: now.value, targetNamespace, key: key.value });
  }

  /** Returns what a revision was rendered to, and what a manifest would be. Undefined if the revision was not rendered. */
  private async previewedPair(
    before: Revision,
    planned: PlannedDeployment,
    context: OrganizationContext,
  ): Promise<Result<RenderedPair | undefined, DomainError>> {
    const old = await this.receipts.rendered(planned.applicationId, before, context);
    if (!old.ok) return old;
    if (old.value === undefined) return ok(undefined);
    const now = await this.previews.of(planned, context);
    if (!now.ok) return now;
    const key = await this.fingerprintKeys.of(context.organizationId);
    if (!key.ok) return key;
    return ok({ before: old.value, after: now.value, targetNamespace: before.targetNamespace, key: key.value });
  }

  private async liveDifferences(
    name: string,
    application: Application,
    context: OrganizationContext,
  ): Promise<ReplyTo<typeof diffApplicationRequest>> {
    const document = await this.views.find(context.organizationId, name, context.consistency, false);
    if (!document.ok) return refuse(document.error);
    if (!document.value) return refuse(deploymentsErrors.applicationNotFound(name));
    const latest = latestOf(application);
    const rendered = latest ? await this.receipts.recordOf(document.value.id, latest, context) : ok(undefined);
    if (!rendered.ok) return refuse(rendered.error);
    const fields =
      rendered.value === undefined ? undefined : await this.live.differences(document.value, rendered.value, context);
    if (fields) return reply(diffOf(name, latest, 'live', fields));
    const resources = await this.live.resources(document.value, context);
    if (!resources.ok) return refuse(resources.error);
    const changes = resources.value.items
      .filter(({ sync, health }) => sync !== 'Synced' || health === 'Missing')
      .map(({ kind, name: object, health, sync, message }): FieldChange => ({
        object: `${kind}/${object}`,
        path: '',
        change: health === 'Missing' ? 'removed' : 'changed',
        before: 'Synced',
        after: health === 'Missing' ? null : (message ?? sync),
      }));
    return reply(diffOf(name, latest, 'live', { changes, omitted: 0 }));
  }

  private async find(organizationId: string, name: string): Promise<Result<FoundApplication, DomainError>> {
    const found = await this.applications.find(organizationId, name);
    if (!found.ok) return found;
    const { application } = found.value;
    return latestOf(application) === undefined || application.status === 'deleted'
      ? err(deploymentsErrors.applicationNotFound(name))
      : found;
  }

  /** Returns the id that is reserved for the next application of a name, because it has secrets already. */
  private async preparedId(organizationId: string, name: string): Promise<Result<string | undefined, DomainError>> {
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    return catalog.ok ? ok(catalog.value.state.prepared.get(name)) : catalog;
  }

  private async contentOf(name: string, revision: Revision): Promise<Result<ResolvedSpec, DomainError>> {
    const record = await this.records.get(revision.resolved.record);
    if (!record.ok) return record;
    return record.value === undefined
      ? err(deploymentsErrors.sourceGone(name, revision.revision))
      : ok(JSON.parse(record.value) as ResolvedSpec); // written by the platform
  }
}

const lowered = (sentence: string): string => `${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`;

function revisionAt(application: Application, name: string, wanted: number | undefined): Result<Revision, DomainError> {
  const latest = latestOf(application);
  if (!latest) return err(deploymentsErrors.applicationNotFound(name));
  const found = wanted === undefined ? latest : application.revisions[wanted - 1];
  return found ? ok(found) : err(deploymentsErrors.revisionNotFound(name, wanted ?? 0, latest.revision));
}

const diffOf = (
  name: string,
  before: Revision | undefined,
  to: string,
  { changes, omitted }: Differences,
): ApplicationDiff => ({
  name,
  from: before ? `v${before.revision}` : null,
  to,
  changes,
  ...(omitted > 0 && { omitted }),
});

/**
 * Returns the key of an application's fingerprints: the digest of its first revision, which is never shown. Without it,
 * a value cannot be guessed from its fingerprint.
 */
const keyOf = ({ revisions }: Application): string => revisions[0]?.resolved.digest ?? '';

/** Returns whether the caller may deploy a revision, and so knows its content or could replace it. */
const mayDeploy = ({ role, isAdmin }: Membership, { profile }: Revision): boolean =>
  (isAdmin && role !== undefined) || (role === 'editor' && !profile.protected);
