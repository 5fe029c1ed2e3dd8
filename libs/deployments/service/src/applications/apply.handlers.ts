import { Caller, Input, refuse, reply, Serves, type Reply, type OrganizationContext, type ContextOf } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { applyApplicationRequest } from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { err, ok, type DomainError, type Result } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { DefaultProfile } from '../profiles/default-profile.service.ts';
import { revisionMismatch } from '../shared/if-match.ts';
import { ManifestReader } from '../shared/manifest-reader.service.ts';
import { OrganizationLookup, type Membership } from '../shared/organization-lookup.service.ts';
import { Refusals } from '../shared/refusals.service.ts';
import { digestOf, VaultRecords } from '../shared/vault-records.service.ts';
import { ApplicationViews } from './application-views.service.ts';
import { applicationDecider, applicationStream } from './application.decider.ts';
import { heldRemovals, latestOf, newestAttemptOf } from './application.ts';
import { isSame, needsRepair } from './configure.ts';
import { Deployer, type Deployed } from './deployer.service.ts';
import { DeploymentPlanner, type PlannedDeployment } from './deployment-planner.service.ts';
import { LiveStatus } from './live-status.service.ts';
import { NameRelease } from './name-release.service.ts';
import { Previews } from './previews.service.ts';
import { RemovalCheck } from './removal-check.service.ts';
import { SourcePins, type Pin } from './source-pins.service.ts';

type Applied = OutputOf<typeof applyApplicationRequest>;

interface Applying {
  readonly failFast: boolean;
  readonly allowRemovals: boolean;
  readonly message: string | undefined;
  /** Plan that the caller has seen. */
  readonly plan: string | undefined;
  readonly pin: Pin;
}

/** How often a deployment is planned again because others changed the application in the meantime. */
const TRIES = 20;

/** How long an apply waits to find out what it would delete, such as while the cluster does not respond. */
const PREVIEW_MS = 10_000;

interface Written {
  readonly prepared: PlannedDeployment;
  /** Of the plan of a new application: see `seedOf`. */
  readonly seed: string | undefined;
  readonly deployed: Deployed;
  /** What is deleted, as text, if it is most of the application. */
  readonly removals: string | undefined;
}

/** Handles the apply of applications. */
@Controller()
export class ApplyHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
    @Inject(Refusals) private readonly refusals: Refusals,
    @Inject(DefaultProfile) private readonly defaults: DefaultProfile,
    @Inject(ManifestReader) private readonly manifests: ManifestReader,
    @Inject(DeploymentPlanner) private readonly planner: DeploymentPlanner,
    @Inject(VaultRecords) private readonly records: VaultRecords,
    @Inject(Deployer) private readonly deployer: Deployer,
    @Inject(NameRelease) private readonly release: NameRelease,
    @Inject(ApplicationViews) private readonly views: ApplicationViews,
    @Inject(LiveStatus) private readonly live: LiveStatus,
    @Inject(SourcePins) private readonly pins: SourcePins,
    @Inject(RemovalCheck) private readonly removals: RemovalCheck,
    @Inject(Previews) private readonly previews: Previews,
  ) {}

  @Serves(applyApplicationRequest)
  async apply(
    @Input() { name, manifest, failFast, allowRemovals, message, plan }: InputOf<typeof applyApplicationRequest>,
    @Caller() context: ContextOf<typeof applyApplicationRequest>,
  ): Promise<Reply<Applied>> {
    const membership = await this.organizations.membership(context);
    if (!membership.ok) return refuse(membership.error);
    const read = await this.manifests.application(name, manifest);
    if (!read.ok) return refuse(read.error);
    await this.defaults.ensure(membership.value.organizationId, context);

    const pin = this.pins.of(read.value.spec, read.value.pointer, context);
    for (let tries = 1; ; tries++) {
      const how = { failFast, allowRemovals, message, plan, pin };
      const outcome = await this.once(read.value, how, membership.value, context);
      if (outcome.ok) return this.answer({ ...outcome.value, warnings: read.value.warnings ?? [] }, context);
      if (outcome.error.code !== deploymentsErrors.staleRevision().code || tries === TRIES)
        return refuse(await this.refusals.explain(outcome.error, context));
    }
  }

  /**
   * Tries once: reads the present state, plans the manifest, and writes, starting with the stream that owns the name.
   */
  private async once(
    read: Parameters<DeploymentPlanner['plan']>[0],
    { failFast, allowRemovals, message, plan, pin }: Applying,
    membership: Membership,
    context: OrganizationContext,
  ): Promise<Result<Written, DomainError>> {
    const present = await this.presentId(read.spec.name, membership.organizationId, context);
    if (!present.ok) return present;
    const seed = present.value === undefined ? this.seedOf(plan, context) : undefined;
    const applicationId = present.value ?? this.newId(read.spec.name, seed, context);
    const ready = await this.planner.plan(read, applicationId, membership, context, pin);
    if (!ready.ok) return ready;
    const { application } = ready.value;
    // The application of this plan was created and deleted.
    if (present.value === undefined && application.status !== 'absent')
      return err(deploymentsErrors.planStale(read.spec.name));
    const configuration = { ...ready.value.configuration, ...(message !== undefined && { message }) };
    const prepared = { ...ready.value, configuration };
    const latest = latestOf(application);
    const mismatch = revisionMismatch(context, latest?.revision ?? 0);
    if (mismatch) return err(mismatch);
    const [planned] = plan?.split('-') ?? [];
    if (planned !== undefined && planned !== planOf(configuration))
      return err(deploymentsErrors.planStale(read.spec.name));
    const isSameContent = isSame(configuration, application);
    const isWell = isSameContent && !needsRepair(application);
    const drifted = isWell && (await this.live.hasDrifted(prepared, application, context));
    const isUnchanged = isWell && !drifted;
    const held = isUnchanged || application.paused ? undefined : heldRemovals(application);
    const preview = allowRemovals ? undefined : () => this.previews.of(prepared, context, PREVIEW_MS);
    const next = { ...nextOf(prepared), ...(preview && { preview }) };
    const removals = isSameContent ? ok(held) : await this.removals.of(next);
    if (!removals.ok) return removals;
    const mayRemove = allowRemovals || context.dryRun === true; // a dry run shows what would be deleted
    if (removals.value !== undefined && !mayRemove)
      return err(deploymentsErrors.removesMost(read.spec.name, removals.value, 'app apply -f FILE'));
    // like `app sync`, not counted
    const isRepair = isSameContent && newestAttemptOf(application)?.state === 'succeeded';
    if (!isUnchanged && !context.dryRun) {
      // Concurrently, and therefore with one sync to disk.
      const stored = await Promise.all(prepared.records.map(([record, text]) => this.records.put(record, text)));
      for (const outcome of stored) if (!outcome.ok) return outcome;
    }
    if (latest !== undefined && !isUnchanged && !isRepair && application.status === 'active') {
      const counted = await this.deployer.count(prepared, context);
      if (!counted.ok) return counted;
    }
    const deployed =
      latest === undefined
        ? await this.deployer.create({ ...prepared, failFast, allowRemovals }, context)
        : await this.deployer.configure({ ...prepared, drifted, failFast, allowRemovals: mayRemove }, context);
    return deployed.ok ? ok({ prepared, seed, deployed: deployed.value, removals: removals.value }) : deployed;
  }

  /**
   * Returns the part of a plan from which the ID of a new application is derived, so that the ID, and what contains it,
   * are those of the dry run. A dry run chooses it.
   */
  private seedOf(plan: string | undefined, context: OrganizationContext): string | undefined {
    const [, seed] = plan?.split('-') ?? [];
    if (seed !== undefined || !context.dryRun) return seed;
    return this.commands.newId(context, 0).replaceAll('-', '').slice(-16);
  }

  /** Returns the ID of a new application: that of its plan, which no other name or organization can have. */
  private newId(name: string, seed: string | undefined, context: OrganizationContext): string {
    if (seed === undefined) return this.commands.newId(context, 0);
    const commandId = digestOf(['planned-application', context.organizationId, name, seed]);
    return this.commands.newId({ ...context, commandId }, 0);
  }

  /**
   * Returns the id of the application that has the name, or the one that is reserved for it. Releases the name first if
   * that application is deleted.
   */
  private async presentId(
    name: string,
    organizationId: string,
    context: OrganizationContext,
  ): Promise<Result<string | undefined, DomainError>> {
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!catalog.ok) return catalog;
    const entry = catalog.value.state.entries.application.get(name);
    if (!entry) return ok(catalog.value.state.prepared.get(name));
    const loaded = await this.commands.load(applicationDecider, applicationStream(entry.id));
    if (!loaded.ok) return loaded;
    if (loaded.value.state.status !== 'deleted') return ok(entry.id);
    const released = await this.release.release(organizationId, entry.id, name, context);
    return released.ok ? ok(undefined) : released;
  }

  private async answer(
    { prepared, seed, deployed, removals, warnings }: Written & { readonly warnings: readonly string[] },
    context: OrganizationContext,
  ): Promise<Reply<Applied>> {
    const { organizationId, applicationId, configuration } = prepared;
    const { events, application, position, repeated } = deployed;
    const configured = events.find((event) => event.type === 'application.configured.v1');
    const requested = events.find((event) => event.type === 'deployment.requested.v1');
    const created = configured?.data.revision === 1;
    const view = await this.views.afterWrite({ organizationId, applicationId, application, events }, context);
    if (!view) return refuse(deploymentsErrors.applicationNotFound(configuration.name));
    const outcome = created ? 'created' : configured ? 'configured' : requested ? 'synced' : 'unchanged';
    const changes = [...(configured?.data.changes ?? [])];
    const attemptId = requested?.data.attemptId ?? (configured ? null : (newestAttemptOf(application)?.id ?? null));
    return reply(
      {
        application: view,
        outcome,
        changes,
        attemptId,
        ...(configured && prepared.moved !== undefined && { moved: prepared.moved }),
        plan: seed === undefined ? planOf(configuration) : `${planOf(configuration)}-${seed}`,
        ...(removals !== undefined && { removals }),
        ...(warnings.length > 0 && { warnings: [...warnings] }),
        dryRun: context.dryRun ?? false,
      },
      {
        revision: latestOf(application)?.revision ?? 0,
        ...(position !== undefined && { position }),
        ...(created && !context.dryRun && { created }),
        ...(repeated && { repeated }),
      },
    );
  }
}

const nextOf = ({ application, resolved, configuration }: PlannedDeployment) => ({
  application,
  resolved,
  prunes: configuration.syncPolicy?.prune !== false,
});

/** Returns a text that identifies what a revision deploys. */
const planOf = ({ contentDigest }: PlannedDeployment['configuration']): string => contentDigest.slice(0, 16);
