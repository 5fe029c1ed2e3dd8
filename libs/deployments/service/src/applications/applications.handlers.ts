import { Caller, Input, refuse, reply, Serves, type Reply, type OrganizationContext, type ContextOf } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { deleteApplicationRequest, rollbackRequest } from '#deployments/contract';
import { err, ok, type DomainError, type Result } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { AttemptHistory } from '../attempts/attempt-history.service.ts';
import { inventoryOf } from '../attempts/attempt.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { OrganizationLookup, type Membership } from '../shared/organization-lookup.service.ts';
import { Refusals } from '../shared/refusals.service.ts';
import { ApplicationViews } from './application-views.service.ts';
import { ApplicationDeletion } from './application-deletion.service.ts';
import { ApplicationLookup } from './application-lookup.service.ts';
import { lastSucceededBefore, latestOf, newestAttemptOf, type Application, type Revision } from './application.ts';
import { placeOf, ProtectionReader } from './protection.service.ts';
import { rollbackWarnings } from './rollback-warnings.ts';
import { Rollbacks } from './rollbacks.service.ts';

type Deleted = OutputOf<typeof deleteApplicationRequest>;
type RolledBack = OutputOf<typeof rollbackRequest>;

const TRIES = 20;

/** Handles deletion and rollback. */
@Controller()
export class ApplicationsHandlers {
  constructor(
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
    @Inject(Refusals) private readonly refusals: Refusals,
    @Inject(Rollbacks) private readonly rollbacks: Rollbacks,
    @Inject(AttemptHistory) private readonly history: AttemptHistory,
    @Inject(ApplicationLookup) private readonly applications: ApplicationLookup,
    @Inject(ApplicationDeletion) private readonly deletion: ApplicationDeletion,
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
    const { organizationId, isAdmin } = membership.value;
    const asked = await this.deletion.request({ name, orphan, noHooks, organizationId, isAdmin }, context);
    if (!asked.ok) return refuse(await this.refusals.explain(asked.error, context));
    const { attemptId, objects, position, repeated } = asked.value;
    return reply(
      { name, attemptId, objects: [...objects], dryRun: context.dryRun ?? false },
      context.dryRun ? {} : { position, ...(repeated && { repeated }) },
    );
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
    const found = await this.applications.find(organizationId, name);
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
