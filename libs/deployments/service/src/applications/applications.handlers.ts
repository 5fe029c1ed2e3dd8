import { Caller, Input, refuse, reply, Serves, type Reply, type OrganizationContext, type ContextOf } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { deleteApplicationRequest, rollbackRequest } from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { err, ok, type DomainError, type Result } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { AttemptHistory } from '../attempts/attempt-history.service.ts';
import { inventoryOf } from '../attempts/attempt.ts';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { matching } from '../shared/if-match.ts';
import { OrganizationLookup, type Membership } from '../shared/organization-lookup.service.ts';
import { Refusals } from '../shared/refusals.service.ts';
import { ApplicationViews } from './application-views.service.ts';
import { applicationDecider, applicationStream } from './application.decider.ts';
import { lastSucceededBefore, latestOf, newestAttemptOf, type Application, type Revision } from './application.ts';
import { NameRelease } from './name-release.service.ts';
import { placeOf, ProtectionReader } from './protection.service.ts';
import { presentOf, type Guarded } from './protection.ts';
import { rollbackWarnings } from './rollback-warnings.ts';
import { Rollbacks } from './rollbacks.service.ts';

type Deleted = OutputOf<typeof deleteApplicationRequest>;
type RolledBack = OutputOf<typeof rollbackRequest>;

const TRIES = 20;

interface Found {
  readonly id: string;
  readonly application: Application;
  readonly present: Guarded | undefined;
}

/** Handles deletion and rollback. */
@Controller()
export class ApplicationsHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
    @Inject(Refusals) private readonly refusals: Refusals,
    @Inject(Rollbacks) private readonly rollbacks: Rollbacks,
    @Inject(AttemptHistory) private readonly history: AttemptHistory,
    @Inject(NameRelease) private readonly release: NameRelease,
    @Inject(ProtectionReader) private readonly protection: ProtectionReader,
    @Inject(ApplicationViews) private readonly views: ApplicationViews,
  ) {}

  @Serves(deleteApplicationRequest)
  async delete(
    @Input() { name, orphan, noHooks }: InputOf<typeof deleteApplicationRequest>,
    @Caller() context: ContextOf<typeof deleteApplicationRequest>,
  ): Promise<Reply<Deleted>> {
    const membership = await this.organizations.membership(context);
    if (!membership.ok) return refuse(membership.error);
    const { organizationId } = membership.value;
    const found = await this.find(organizationId, name);
    if (!found.ok) return refuse(found.error);
    const { id, application, present } = found.value;
    const allowed = await this.protection.check(placeOf(id, application, membership.value), {
      action: 'delete',
      application: name,
      present,
      next: undefined,
    });
    if (!allowed.ok) return refuse(await this.refusals.explain(allowed.error, context));
    const protection = await this.protection.of(placeOf(id, application, membership.value), present);
    if (!protection.ok) return refuse(protection.error);
    const history = await this.history.of(application.attempts);
    const running = await this.history.running(application.attempts);
    if (!history.ok) return refuse(history.error);
    if (!running.ok) return refuse(running.error);
    // The known objects that are deleted or, with `orphan`, kept. A running attempt ends first, and may have created
    // more.
    const objects = inventoryOf(history.value).map(({ kind, name: object }) => `${kind}/${object}`);
    const command = {
      type: 'delete',
      orphan,
      noHooks,
      attemptId: this.commands.newId(context, 1),
      running: running.value,
      protection: protection.value,
    } as const;
    const recorded = await this.commands.run(applicationDecider, applicationStream(id), command, context, {
      step: 'delete',
      ...matching(context),
    });
    if (!recorded.ok) return refuse(await this.refusals.explain(recorded.error, context));
    if (context.dryRun) return reply({ name, attemptId: null, objects, dryRun: true });
    const { state, position, repeated } = recorded.value;
    if (state.status === 'deleted') {
      const released = await this.release.release(organizationId, id, name, context);
      if (!released.ok) return refuse(released.error);
    }
    const newest = newestAttemptOf(state);
    const attemptId = newest?.kind === 'delete' && state.status !== 'deleted' ? newest.id : null;
    return reply({ name, attemptId, objects, dryRun: false }, { position, ...(repeated && { repeated }) });
  }

  @Serves(rollbackRequest)
  async rollback(
    @Input() input: InputOf<typeof rollbackRequest>,
    @Caller() context: ContextOf<typeof rollbackRequest>,
  ): Promise<Reply<RolledBack>> {
    const membership = await this.organizations.membership(context);
    if (!membership.ok) return refuse(membership.error);
    for (let tries = 1; ; tries++) {
      const outcome = await this.rollbackOnce(input, membership.value, context);
      if (outcome.ok) return outcome;
      if (outcome.error.code !== deploymentsErrors.staleRevision().code || tries === TRIES)
        return refuse(await this.refusals.explain(outcome.error, context));
    }
  }

  private async rollbackOnce(
    { name, to, message, allowRemovals }: InputOf<typeof rollbackRequest>,
    membership: Membership,
    context: OrganizationContext,
  ): Promise<Reply<RolledBack>> {
    const { organizationId, isAdmin } = membership;
    const found = await this.find(organizationId, name);
    if (!found.ok) return refuse(found.error);
    const { id: applicationId, application, present } = found.value;
    const target = targetOf(application, name, to);
    if (!target.ok) return refuse(target.error);
    const allowed = await this.protection.check(placeOf(applicationId, application, membership), {
      action: 'deploy',
      application: name,
      present,
      next: target.value,
    });
    if (!allowed.ok) return refuse(allowed.error);
    const attempts = await this.history.of(application.attempts);
    if (!attempts.ok) return refuse(attempts.error);
    const deployed = await this.rollbacks.rollBack(
      {
        organizationId,
        applicationId,
        application,
        target: target.value,
        isAdmin,
        byAdmin: isAdmin,
        by: context.actor.id,
        ...(message !== undefined && { message }),
        ...(allowRemovals !== undefined && { allowRemovals }),
      },
      context,
    );
    if (!deployed.ok) return refuse(deployed.error);
    const { events, application: after, position, repeated, removals } = deployed.value;
    const view = await this.views.afterWrite({ organizationId, applicationId, application: after, events }, context);
    if (!view) return refuse(deploymentsErrors.applicationNotFound(name));
    const configured = events.find((event) => event.type === 'application.configured.v1');
    return reply(
      {
        application: view,
        outcome: 'configured',
        changes: [...(configured?.data.changes ?? [])],
        attemptId: newestAttemptOf(after)?.id ?? null,
        rollbackOf: `v${target.value.revision}`,
        warnings: rollbackWarnings(name, inventoryOf(attempts.value)),
        ...(removals !== undefined && { removals }),
        dryRun: context.dryRun ?? false,
      },
      {
        revision: latestOf(after)?.revision ?? 0,
        ...(position !== undefined && { position }),
        ...(repeated && { repeated }),
      },
    );
  }

  private async find(organizationId: string, name: string): Promise<Result<Found, DomainError>> {
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!catalog.ok) return catalog;
    const entry = catalog.value.state.entries.application.get(name);
    if (!entry) return err(deploymentsErrors.applicationNotFound(name));
    const loaded = await this.commands.load(applicationDecider, applicationStream(entry.id));
    if (!loaded.ok) return loaded;
    const application = loaded.value.state;
    return ok({ id: entry.id, application, present: presentOf(application, catalog.value.state, name) });
  }
}

/** Returns the requested revision, or the newest one before the present that succeeded. */
function targetOf(application: Application, name: string, to: number | undefined): Result<Revision, DomainError> {
  const latest = latestOf(application);
  if (!latest) return err(deploymentsErrors.nothingToRollBackTo(name));
  if (to !== undefined) {
    const asked = application.revisions[to - 1];
    return asked ? ok(asked) : err(deploymentsErrors.revisionNotFound(name, to, latest.revision));
  }
  const earlier = lastSucceededBefore(application, latest.revision);
  return earlier ? ok(earlier) : err(deploymentsErrors.nothingToRollBackTo(name));
}
