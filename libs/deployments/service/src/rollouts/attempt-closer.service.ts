import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { rolloutQueue } from '#deployments/contract';
import { CLOCK, err, IDS, ok, type Clock, type CommandContext, type DomainError, type Ids, type Result } from '#kernel';
import { WORK_QUEUE, type WorkQueue } from '#work-queue';
import { Inject, Injectable } from '@nestjs/common';
import { applicationDecider, applicationStream } from '../applications/application.decider.ts';
import { openAttempt, type Application } from '../applications/application.ts';
import { NameRelease } from '../applications/name-release.service.ts';
import { attemptDecider, attemptStream } from '../attempts/attempt.decider.ts';
import type { AttemptOutcome } from '../attempts/attempt.events.ts';

/** Ends attempts: after the report of the worker, or because the worker is lost. */
@Injectable()
export class AttemptCloser {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(WORK_QUEUE) private readonly queue: WorkQueue,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(NameRelease) private readonly releases: NameRelease,
  ) {}

  /** Writes the terminal event of an attempt whose end the worker has reported, and its consequences. */
  async end(
    organizationId: string,
    applicationId: string,
    attemptId: string,
    outcome: AttemptOutcome,
    context: CommandContext,
  ): Promise<Result<Application, DomainError>> {
    const ended = await this.commands.run(
      applicationDecider,
      applicationStream(applicationId),
      { type: 'end-attempt', attemptId, outcome, nextAttemptId: this.ids.uuid() },
      context,
      { step: `end ${attemptId}` },
    );
    if (!ended.ok) return err(ended.error);
    const { state } = ended.value;
    const name = state.revisions[0]?.name;
    if (state.status === 'deleted' && name !== undefined) {
      const released = await this.releases.release(organizationId, applicationId, name, context);
      if (!released.ok) return released;
    }
    return ok(state);
  }

  /**
   * Ends an attempt whose claim expired: first in its own stream, so that the next request of its worker is rejected,
   * then with the terminal event. Does nothing while the claim is valid.
   */
  async abandon(
    applicationId: string,
    attemptId: string,
    revision: number,
    context: CommandContext,
  ): Promise<Result<void, DomainError>> {
    const lapsed = await this.commands.run(
      attemptDecider,
      attemptStream(attemptId),
      { type: 'lapse', applicationId, revision, nowMs: this.clock.now() },
      context,
      {
        step: `lapse ${attemptId}`,
      },
    );
    if (!lapsed.ok) return err(lapsed.error);
    return lapsed.value.state.status === 'lapsed'
      ? this.closeUnfinished(applicationId, attemptId, lapsed.value.state.claim?.number ?? 0, context)
      : ok(undefined);
  }

  /** Writes the terminal event of an attempt that no worker can continue, and requests the next one. */
  async closeUnfinished(
    applicationId: string,
    attemptId: string,
    claims: number,
    context: CommandContext,
  ): Promise<Result<void, DomainError>> {
    const command = { type: 'abandon-attempt', attemptId, claims, nextAttemptId: this.ids.uuid() } as const;
    const abandoned = await this.commands.run(applicationDecider, applicationStream(applicationId), command, context, {
      step: `abandon ${attemptId}`,
    });
    return abandoned.ok ? ok(undefined) : err(abandoned.error);
  }

  /**
   * Continues an open attempt after an interruption: enqueues it, ends it, or leaves it to the worker that claimed it.
   */
  async resume(
    owed: {
      readonly organizationId: string;
      readonly applicationId: string;
      readonly attemptId: string;
      readonly deduplicationKey: string;
    },
    context: CommandContext,
  ): Promise<Result<void, DomainError>> {
    const { organizationId, applicationId, attemptId, deduplicationKey } = owed;
    const application = await this.commands.load(applicationDecider, applicationStream(applicationId));
    if (!application.ok) return application;
    const attempt = openAttempt(application.value.state, attemptId);
    if (!attempt) return ok(undefined);
    const loaded = await this.commands.load(attemptDecider, attemptStream(attemptId));
    if (!loaded.ok) return loaded;
    const progress = loaded.value.state;
    switch (progress.status) {
      case 'unclaimed':
        await this.queue.enqueue(rolloutQueue, { organizationId, applicationId, attemptId }, { deduplicationKey });
        return ok(undefined);
      case 'claimed':
        return this.abandon(applicationId, attemptId, attempt.revision, context);
      case 'lapsed':
        return this.closeUnfinished(applicationId, attemptId, progress.claim?.number ?? 0, context);
      case 'ended': {
        if (!progress.outcome) return ok(undefined);
        const ended = await this.end(organizationId, applicationId, attemptId, progress.outcome, context);
        return ended.ok ? ok(undefined) : ended;
      }
    }
  }
}
