import { BUS, type Bus } from '#bus';
import { COMMANDS, type CommandRunner, type Reactor } from '#event-sourcing';
import { idOf, LOGGER, type Logger, type Recorded } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { deploymentsErrors } from '../deployments.errors.ts';
import { applicationDecider } from './application.decider.ts';
import { applicationEvents, type ApplicationEvent } from './application.events.ts';
import { lastSucceededBefore, latestOf, newestAttemptOf } from './application.ts';
import { Rollbacks } from './rollbacks.service.ts';

type Type = 'deployment.failed.v1';

/**
 * Rolls back revisions with `syncPolicy.rollback` that failed after they were applied, once: a rollback that fails is
 * not rolled back in turn.
 */
@Injectable()
export class RollbackReactor implements Reactor<ApplicationEvent, Type> {
  readonly name = 'deployments-rollback.v1';
  readonly events = applicationEvents;
  readonly types = ['deployment.failed.v1'] as const;

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(Rollbacks) private readonly rollbacks: Rollbacks,
  ) {}

  async react({ event, metadata }: Recorded<Extract<ApplicationEvent, { readonly type: Type }>>): Promise<void> {
    const { organizationId, stream } = metadata;
    const { attemptId, revision, applied, message } = event.data;
    if (!applied || organizationId === undefined) return;
    const loaded = await this.commands.load(applicationDecider, stream);
    if (!loaded.ok) throw new Error(loaded.error.code);
    const application = loaded.value.state;
    const latest = latestOf(application);
    const isPresent = latest?.revision === revision && newestAttemptOf(application)?.id === attemptId;
    if (application.status !== 'active' || application.paused || !isPresent) return;
    if (latest.syncPolicy?.rollback !== true || latest.rollbackOf !== null || latest.succeeded) return;
    const target = lastSucceededBefore(application, revision);
    if (!target) return;
    const done = await this.rollbacks.rollBack(
      {
        organizationId,
        applicationId: idOf(stream),
        application,
        target,
        isAdmin: true,
        byAdmin: target.byAdmin === true,
        by: latest.by,
        because: `v${revision} failed: ${message}`.slice(0, 500),
      },
      this.bus.own({ organizationId }),
    );
    if (done.ok || done.error.code === deploymentsErrors.staleRevision().code) return;
    if (done.error.kind === 'unavailable') throw new Error(done.error.code);
    this.logger.warn({ stream, revision, code: done.error.code }, 'a failed revision could not be rolled back');
  }
}
