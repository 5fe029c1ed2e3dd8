import type { Bus, Reply } from '#bus';
import type { CallerInputOf, OutputOf, RequestContract } from '#bus/contract';
import { extendClaimRequest, finishAttemptRequest, reportStepRequest, type RolloutTask } from '#deployments/contract';
import { backOffMs, chance, pause, type Clock, type DomainError, type Ids, type Logger, type Timer } from '#kernel';

/** The claim is not ours any more, or nobody could be asked until its end: whoever holds it now does the work. */
export class ClaimLostError extends Error {
  override readonly name = 'ClaimLostError';
}

/** Deployments refused a report for a reason that no retry changes: a fault of ours. */
export class ReportRefusedError extends Error {
  override readonly name = 'ReportRefusedError';
  constructor(readonly error: DomainError) {
    super(`${error.code}: ${error.detail}`);
  }
}

export type ReportedStep = CallerInputOf<typeof reportStepRequest>['step'];
export type Outcome = CallerInputOf<typeof finishAttemptRequest>['outcome'];

/** Asked at least every 10 s; a little earlier, so that one slow answer does not matter. */
const EXTEND_EVERY_MS = 8_000;
/** While nothing but health is waited for, a newer revision ends the waiting: it is asked for this often. */
const CLOSELY_MS = 1_000;
/** A lease is never believed for longer, whatever the other host's clock says. */
const LONGEST_LEASE_MS = 120_000;
/** Between two tries to report. */
const BACK_OFF = { firstMs: 1_000, mostMs: 4_000, spread: 0.4 };

interface Grant {
  readonly task: RolloutTask;
  readonly claim: number;
  readonly leaseUntil: string;
  /** Monotonic time at which the claim was asked for: the lease began no earlier. */
  readonly askedAt: number;
}

/**
 * A granted claim: extended in the background, ended by its own deadline. Everything that is written to a cluster asks
 * `deadline()` first, so that nothing is written that might come later than the claim's end.
 */
export class Claim {
  private readonly superseding = new AbortController();
  private readonly losing = new AbortController();
  private until: number;
  private ticker: Timer | undefined;
  private ended = false;
  private everyMs = EXTEND_EVERY_MS;
  private keptAt: number;

  constructor(
    private readonly ports: {
      readonly bus: Bus;
      readonly clock: Clock;
      readonly ids: Ids;
      readonly logger: Logger;
      readonly keepItem: () => Promise<void>;
    },
    private readonly grant: Grant,
  ) {
    this.until = this.leaseEnd(grant.leaseUntil, grant.askedAt);
    this.keptAt = grant.askedAt;
    this.ticker = ports.clock.timer(EXTEND_EVERY_MS, () => void this.tick());
  }

  /** Fires when a newer revision was requested. Looked at between waves; while nothing but health is waited for, it ends that at once. */
  get superseded(): AbortSignal {
    return this.superseding.signal;
  }

  /** Fires when the claim is lost. */
  get lost(): AbortSignal {
    return this.losing.signal;
  }

  /** Monotonic milliseconds at which the claim ends unless it is extended. */
  deadline(): number {
    return this.ended ? Number.NEGATIVE_INFINITY : this.until;
  }

  /** Looks for a newer revision every second until `work` is done. */
  async closely<T>(work: () => Promise<T>): Promise<T> {
    this.setPace(CLOSELY_MS);
    try {
      return await work();
    } finally {
      this.setPace(EXTEND_EVERY_MS);
    }
  }

  private setPace(everyMs: number): void {
    this.everyMs = everyMs;
    this.ticker?.cancel();
    if (!this.ended) this.ticker = this.ports.clock.timer(everyMs, () => void this.tick());
  }

  /** Before each wave. */
  async extend(): Promise<void> {
    await this.ask(extendClaimRequest, {});
  }

  async report(step: ReportedStep): Promise<void> {
    await this.ask(reportStepRequest, { step });
  }

  /** Ends the attempt. Later calls do nothing: the first end counts. */
  async finish(outcome: Outcome): Promise<void> {
    if (this.ended) return;
    const asked = this.ports.clock.monotonic();
    await this.insist(finishAttemptRequest, { ...this.claimed(), outcome }, Math.max(this.until, asked + 5_000));
    this.stop();
  }

  /** No more extensions. The claim is left to its end. */
  stop(): void {
    this.ended = true;
    this.ticker?.cancel();
  }

  private async tick(): Promise<void> {
    try {
      if (this.ports.clock.monotonic() - this.keptAt >= EXTEND_EVERY_MS) {
        this.keptAt = this.ports.clock.monotonic();
        await this.ports.keepItem();
      }
      await this.extend();
    } catch (error) {
      if (error instanceof ClaimLostError) return;
      this.ports.logger.warn(
        { attemptId: this.grant.task.attemptId, err: String(error) },
        'a claim could not be extended',
      );
    } finally {
      this.setPace(this.everyMs);
    }
  }

  private async ask<C extends typeof extendClaimRequest | typeof reportStepRequest>(
    contract: C,
    input: Omit<CallerInputOf<C>, keyof ReturnType<Claim['claimed']>>,
  ): Promise<void> {
    if (this.ended) throw new ClaimLostError('the claim has ended');
    const askedAt = this.ports.clock.monotonic();
    const { leaseUntil, superseded } = await this.insist<C>(
      contract,
      { ...this.claimed(), ...input } as CallerInputOf<C>,
      this.until,
    );
    this.until = Math.max(this.until, this.leaseEnd(leaseUntil, askedAt));
    if (superseded) this.superseding.abort();
  }

  /** Asks until there is an answer, under one command id, so that what was done once is not done twice. */
  private async insist<C extends RequestContract>(
    contract: C,
    input: CallerInputOf<C>,
    until: number,
  ): Promise<OutputOf<C>> {
    const { bus, clock, ids } = this.ports;
    const { organizationId } = this.grant.task;
    const first = bus.own({ organizationId });
    for (let attempt = 1; ; attempt++) {
      const { commandId, correlationId } = first;
      const answer: Reply<OutputOf<C>> = await bus.request(
        contract,
        input,
        bus.own({ organizationId, commandId, correlationId, timeoutMs: contract.timeoutMs }),
      );
      if (answer.ok) return answer.value;
      if (answer.error.code === 'deployments/claim-lost') throw this.lose('another worker holds the claim');
      if (answer.error.kind !== 'unavailable') throw new ReportRefusedError(answer.error);
      const waitMs = backOffMs(BACK_OFF, attempt, chance(ids));
      if (clock.monotonic() + waitMs >= until)
        throw this.lose(`no response before the claim expired (${answer.error.code})`);
      await pause(clock, waitMs, this.lost);
      if (this.lost.aborted) throw new ClaimLostError('the claim was lost');
    }
  }

  private lose(why: string): ClaimLostError {
    this.stop();
    this.losing.abort();
    return new ClaimLostError(why);
  }

  private claimed() {
    const { organizationId, applicationId, attemptId } = this.grant.task;
    return { organizationId, applicationId, attemptId, claim: this.grant.claim };
  }

  /** As a duration from the moment of asking: two hosts' clocks need not agree on the hour, only on the length of a second. */
  private leaseEnd(leaseUntil: string, askedAt: number): number {
    const { clock } = this.ports;
    const askedWall = clock.now() - (clock.monotonic() - askedAt);
    return askedAt + Math.min(LONGEST_LEASE_MS, Date.parse(leaseUntil) - askedWall);
  }
}
