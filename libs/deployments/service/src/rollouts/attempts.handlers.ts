import { Caller, Input, refuse, reply, Serves, type Reply, type RequestContext, type ContextOf } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import {
  claimAttemptRequest,
  extendClaimRequest,
  finishAttemptRequest,
  inventoryEntry,
  reportStepRequest,
  type InventoryEntry,
} from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { CLOCK, err, ok, type Clock, type DomainError, type Result } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { z } from 'zod';
import { applicationDecider, applicationStream } from '../applications/application.decider.ts';
import { newestAttemptOf, openAttempt, type Application } from '../applications/application.ts';
import { Dependencies } from '../applications/dependencies.service.ts';
import { MAX_CLAIMS } from '../applications/end-attempt.ts';
import { AttemptHistory } from '../attempts/attempt-history.service.ts';
import {
  attemptDecider,
  attemptStream,
  MAX_IN_APPEND,
  type AttemptCommand,
  type ReportedStep,
} from '../attempts/attempt.decider.ts';
import type { AttemptOutcome } from '../attempts/attempt.events.ts';
import type { Attempt, AttemptRecord } from '../attempts/attempt.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { digestOf, VaultRecords } from '../shared/vault-records.service.ts';
import { AttemptHosts } from './attempt-hosts.service.ts';
import { AttemptCloser } from './attempt-closer.service.ts';
import { RolloutTasks } from './rollout-tasks.service.ts';

const inventorySchema = z.array(inventoryEntry);

type ClaimInput = InputOf<typeof claimAttemptRequest>;
type Claimed = OutputOf<typeof claimAttemptRequest>;
type Extended = OutputOf<typeof extendClaimRequest>;

/** Milliseconds until a worker retries while an older attempt of the application is running. */
const ASK_AGAIN_MS = 500;

const nothingOwed = (reason: string): Reply<Claimed> => reply({ granted: false, reason, retryInMs: null });
const later = (reason: string, retryInMs: number): Reply<Claimed> => reply({ granted: false, reason, retryInMs });

/** Handles requests and reports of workers. Each message may arrive twice. */
@Controller()
export class AttemptsHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(AttemptHistory) private readonly history: AttemptHistory,
    @Inject(AttemptCloser) private readonly closer: AttemptCloser,
    @Inject(RolloutTasks) private readonly tasks: RolloutTasks,
    @Inject(VaultRecords) private readonly records: VaultRecords,
    @Inject(AttemptHosts) private readonly hosts: AttemptHosts,
    @Inject(Dependencies) private readonly dependencies: Dependencies,
  ) {}

  @Serves(claimAttemptRequest)
  async claim(
    @Input() input: ClaimInput,
    @Caller() context: ContextOf<typeof claimAttemptRequest>,
  ): Promise<Reply<Claimed>> {
    const { organizationId, applicationId, attemptId, worker, incarnation } = input;
    const application = await this.application(applicationId);
    if (!application.ok) return refuse(application.error);
    const attempt = openAttempt(application.value, attemptId);
    if (!attempt) return nothingOwed('the attempt has ended');
    const isFree = await this.endOlder(input, application.value, attempt, context);
    if (!isFree.ok) return refuse(isFree.error);
    if (isFree.value === 'superseded') return nothingOwed('a newer attempt was requested');
    if (isFree.value === 'wait') return later('an older attempt of the application is running', ASK_AGAIN_MS);

    const awaited = await this.awaited(organizationId, application.value, attempt);
    if (!awaited.ok) return refuse(awaited.error);
    // Enqueued again when that application is healthy.
    if (awaited.value !== undefined) return nothingOwed(`it waits for application ${awaited.value}`);

    const { revision } = attempt;
    const before = await this.commands.load(attemptDecider, attemptStream(attemptId));
    if (!before.ok) return refuse(before.error);
    const present = before.value.state.claim;
    const isTakeOver = present?.worker === worker && present.incarnation !== incarnation;
    if (isTakeOver && application.value.lostClaims + present.number >= MAX_CLAIMS) {
      const given = await this.closer.closeUnfinished(applicationId, attemptId, present.number, context);
      return given.ok ? nothingOwed('too many workers were lost during this attempt') : refuse(given.error);
    }
    const claimed = await this.run(
      { type: 'claim', applicationId, revision, worker, incarnation, nowMs: this.clock.now() },
      attemptId,
      context,
      `claim ${worker} ${incarnation} ${this.clock.now()}`,
    );
    if (!claimed.ok)
      return this.notGranted(claimed.error, { organizationId, applicationId, attemptId, revision }, context);
    const { claim } = claimed.value;
    if (!claim) throw new Error(`attempt ${attemptId} was granted and has no claim`);
    const task = await this.tasks.of(organizationId, applicationId, application.value, attempt);
    if (!task.ok) return refuse(task.error);
    return reply({ granted: true, claim: claim.number, leaseUntil: iso(claim.leaseUntilMs), task: task.value });
  }

  @Serves(extendClaimRequest)
  async extend(
    @Input() { applicationId, attemptId, claim }: InputOf<typeof extendClaimRequest>,
    @Caller() context: ContextOf<typeof extendClaimRequest>,
  ): Promise<Reply<Extended>> {
    return this.recordStep(applicationId, attemptId, context, `extend ${this.clock.now()}`, (revision) => ({
      type: 'extend',
      applicationId,
      revision,
      claim,
      nowMs: this.clock.now(),
    }));
  }

  @Serves(reportStepRequest)
  async report(
    @Input()
    { organizationId, applicationId, attemptId, claim, earlier, step: given }: InputOf<typeof reportStepRequest>,
    @Caller() context: ContextOf<typeof reportStepRequest>,
  ): Promise<Reply<Extended>> {
    if (given.step === 'rendered' && given.hosts) {
      const claimed = await this.hosts.claim({ organizationId, applicationId, attemptId }, given.hosts, context);
      if (!claimed.ok) return refuse(claimed.error);
    }
    const read = await this.withEntries(given);
    if (!read.ok) return refuse(read.error);
    const { step, before } = read.value;
    for (const [part, entries] of before.entries()) {
      const recorded = await this.recordStep(
        applicationId,
        attemptId,
        context,
        `inventory ${digestOf(given)} ${part}`,
        (revision) => ({ type: 'record-inventory', applicationId, revision, claim, entries }),
      );
      if (!recorded.ok) return recorded;
    }
    return this.recordStep(applicationId, attemptId, context, `report ${digestOf(given)}`, (revision) => ({
      type: 'report',
      applicationId,
      revision,
      claim,
      ...(earlier && { earlier }),
      step,
      nowMs: this.clock.now(),
    }));
  }

  @Serves(finishAttemptRequest)
  async finish(
    @Input()
    { organizationId, applicationId, attemptId, claim, earlier, outcome: given }: InputOf<typeof finishAttemptRequest>,
    @Caller() context: ContextOf<typeof finishAttemptRequest>,
  ): Promise<Reply<Record<never, never>>> {
    const application = await this.application(applicationId);
    if (!application.ok) return refuse(application.error);
    const revision = revisionOf(application.value, attemptId);
    const listed = given.outcome === 'superseded' ? ok([]) : await this.entries(given.inventory, given.inventoryRecord);
    if (!listed.ok) return refuse(listed.error);
    const inventory = listed.value;
    const outcome = outcomeOf(given);
    const ended = await this.run(
      {
        type: 'end',
        applicationId,
        revision,
        claim,
        ...(earlier && { earlier }),
        nowMs: this.clock.now(),
        outcome,
        inventory,
      },
      attemptId,
      context,
      `end ${claim}`,
    );
    if (!ended.ok) return refuse(ended.error);
    const recorded = await this.closer.end(
      organizationId,
      applicationId,
      attemptId,
      ended.value.outcome ?? outcome,
      context,
    );
    if (!recorded.ok) return refuse(recorded.error);
    if (given.outcome !== 'succeeded' || !given.hosts) return reply({});
    const freed = await this.hosts.free({ applicationId, attemptId }, recorded.value, given.hosts, context);
    return freed.ok ? reply({}) : refuse(freed.error);
  }

  /** Returns the entries of a report, or those in its vault record. */
  private async entries(
    own: readonly InventoryEntry[],
    record: string | undefined,
  ): Promise<Result<readonly InventoryEntry[], DomainError>> {
    if (record === undefined) return ok(own);
    if (!record.startsWith('rendered/')) return err(deploymentsErrors.recordNotShared());
    const found = await this.records.get(record);
    if (!found.ok) return found;
    if (found.value === undefined) return err(deploymentsErrors.recordIncomplete());
    return ok(inventorySchema.parse(JSON.parse(found.value)));
  }

  /** Returns a step with its entries, and the entries that need appends of their own before it. */
  private async withEntries(
    step: ReportedStep,
  ): Promise<
    Result<{ readonly step: ReportedStep; readonly before: readonly (readonly InventoryEntry[])[] }, DomainError>
  > {
    if (step.step !== 'planned' && step.step !== 'applied') return ok({ step, before: [] });
    const isPlan = step.step === 'planned';
    const all = isPlan
      ? await this.entries(step.plan.inventory, step.plan.inventoryRecord)
      : await this.entries(step.objects, step.inventoryRecord);
    if (!all.ok) return all;
    const before: (readonly InventoryEntry[])[] = [];
    let from = 0;
    for (; all.value.length - from > MAX_IN_APPEND; from += MAX_IN_APPEND)
      before.push(all.value.slice(from, from + MAX_IN_APPEND));
    const last = all.value.slice(from);
    return ok({
      step: isPlan ? { ...step, plan: { ...step.plan, inventory: last } } : { ...step, objects: last },
      before,
    });
  }

  /** Ends older attempts of the same application. This attempt waits if one of them is still running. */
  private async endOlder(
    input: ClaimInput,
    application: Application,
    attempt: Attempt,
    context: RequestContext,
  ): Promise<Result<'free' | 'wait' | 'superseded', DomainError>> {
    const { organizationId, applicationId, worker, incarnation } = input;
    const open = await this.history.of(application.attempts.filter(({ state }) => state === 'open'));
    if (!open.ok) return open;
    const isDead = ({ progress: { claim } }: AttemptRecord): boolean =>
      claim?.worker === worker && claim.incarnation !== incarnation;
    const isNewest = newestAttemptOf(application)?.id === attempt.id;
    for (const record of open.value) {
      const isOwn = record.attempt.id === attempt.id;
      if (isOwn ? isNewest || !isDead(record) : record.attempt.number > attempt.number) continue;
      if (!isOwn && this.history.isHeld(record.progress) && !isDead(record)) return ok('wait');
      // Its worker is lost or never existed, so the newer request takes precedence.
      const ended =
        record.progress.status === 'claimed' && !isDead(record)
          ? await this.closer.abandon(applicationId, record.attempt.id, record.attempt.revision, context)
          : await this.closer.end(
              organizationId,
              applicationId,
              record.attempt.id,
              record.progress.outcome ?? { outcome: 'superseded' },
              context,
            );
      if (!ended.ok) return err(ended.error);
    }
    return ok(isNewest ? 'free' : 'superseded');
  }

  /** Returns the application that a deployment waits for. */
  private async awaited(
    organizationId: string,
    { revisions }: Application,
    { kind, revision }: Attempt,
  ): Promise<Result<string | undefined, DomainError>> {
    const configured = kind === 'deploy' ? revisions[revision - 1] : undefined;
    return configured ? this.dependencies.awaited(organizationId, configured) : ok(undefined);
  }

  private async notGranted(
    error: DomainError,
    of: {
      readonly organizationId: string;
      readonly applicationId: string;
      readonly attemptId: string;
      readonly revision: number;
    },
    context: RequestContext,
  ): Promise<Reply<Claimed>> {
    const { organizationId, applicationId, attemptId, revision } = of;
    if (error.code === 'deployments/claimed')
      return later('another worker has it', Math.max(100, Number(error.extra?.['retryInMs'] ?? ASK_AGAIN_MS) + 100));
    if (error.code === 'deployments/claim-expired') {
      const abandoned = await this.closer.abandon(applicationId, attemptId, revision, context);
      return abandoned.ok ? nothingOwed('its claim expired; another attempt was requested') : refuse(abandoned.error);
    }
    if (error.code === 'deployments/attempt-ended') {
      const resumed = await this.closer.resume(
        { organizationId, applicationId, attemptId, deduplicationKey: attemptId },
        context,
      );
      return resumed.ok ? nothingOwed('the attempt has ended') : refuse(resumed.error);
    }
    return refuse(error);
  }

  private async recordStep(
    applicationId: string,
    attemptId: string,
    context: RequestContext,
    step: string,
    command: (revision: number) => AttemptCommand,
  ): Promise<Reply<Extended>> {
    const application = await this.application(applicationId);
    if (!application.ok) return refuse(application.error);
    const attempt = openAttempt(application.value, attemptId);
    if (!attempt) return refuse(deploymentsErrors.claimLost());
    const outcome = await this.run(command(attempt.revision), attemptId, context, step);
    if (!outcome.ok) return refuse(outcome.error);
    return reply({
      leaseUntil: iso(outcome.value.claim?.leaseUntilMs ?? 0),
      superseded: newestAttemptOf(application.value)?.id !== attemptId,
    });
  }

  private async run(command: AttemptCommand, attemptId: string, context: RequestContext, step: string) {
    const outcome = await this.commands.run(attemptDecider, attemptStream(attemptId), command, context, { step });
    return outcome.ok ? ok(outcome.value.state) : outcome;
  }

  private async application(applicationId: string): Promise<Result<Application, DomainError>> {
    const loaded = await this.commands.load(applicationDecider, applicationStream(applicationId));
    return loaded.ok ? ok(loaded.value.state) : loaded;
  }
}

const revisionOf = ({ attempts, revisions }: Application, attemptId: string): number =>
  attempts.find(({ id }) => id === attemptId)?.revision ?? revisions.length;

function outcomeOf(given: InputOf<typeof finishAttemptRequest>['outcome']): AttemptOutcome {
  switch (given.outcome) {
    case 'succeeded': {
      const { outcome, message, endpoint, replicas, kept } = given;
      return { outcome, message, endpoint, replicas, ...(kept && { kept }) };
    }
    case 'failed': {
      const { outcome, code, message, fix, applied, serving, adoptable } = given;
      return { outcome, code, message, fix, applied, serving, ...(adoptable && { adoptable }) };
    }
    case 'superseded':
      return { outcome: 'superseded' };
  }
}

const iso = (ms: number): string => new Date(ms).toISOString();
