import type { Bus, Reply } from '#bus';
import type { CallerInputOf, OutputOf, RequestContract } from '#bus/contract';
import { extendClaimRequest, finishAttemptRequest, reportStepRequest, type RolloutTask } from '#deployments/contract';
import { backOffMs, chance, pause, type Clock, type DomainError, type Ids, type Logger, type Timer } from '#kernel';

/** The claim is lost, or could not be extended before its end. Its new holder continues the work. */
export class ClaimLostError extends Error {
  override readonly name = 'ClaimLostError';
}

/** Deployments rejected a report for a reason that retries do not change, which is a defect of the worker. */
export class ReportRefusedError extends Error {
  override readonly name = 'ReportRefusedError';
  constructor(readonly error: DomainError) {
    super(`${error.code}: ${error.detail}`);
  }
}

/** A step that the worker reports. */
export type ReportedStep = CallerInputOf<typeof reportStepRequest>['step'];
type ShortStep = NonNullable<CallerInputOf<typeof reportStepRequest>['earlier']>[number];
/** Outcome of an attempt. */
export type Outcome = CallerInputOf<typeof finishAttemptRequest>['outcome'];

/** Must be at most every 10 s. It is shorter, so that one slow response is tolerated. */
const EXTEND_EVERY_MS = 8_000;
/** Interval while the worker only waits for health, so that a newer revision ends the wait soon. */
const FREQUENT_MS = 1_000;
/** Age of the last response up to which a wave begins without another request. */
const FRESH_MS = 500;
/** Maximum length of a lease, in case the clock of the other host is wrong. */
const MAX_LEASE_MS = 120_000;
/** Delay between retries of a report. */
const BACK_OFF = { firstMs: 1_000, mostMs: 4_000, spread: 0.4 };

interface Grant {
  readonly task: RolloutTask;
  readonly claim: number;
  readonly leaseUntil: string;
  /** Monotonic time of the request. The lease cannot have started earlier. */
  readonly requestedAt: number;
}

/**
 * A granted claim. It is extended in the background and ends at its deadline. All writes to a cluster check
 * `deadline()` first, so that no write can take effect after the claim has ended.
 */
export class Claim {
  private readonly superseding = new AbortController();
  private readonly losing = new AbortController();
  private until: number;
  private ticker: Timer | undefined;
  private ended = false;
  private unreported: readonly ShortStep[] = [];
  private everyMs = EXTEND_EVERY_MS;
  /** Monotonic time of the last request that extended the claim. */
  private extendedAt: number;
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
    this.until = this.leaseEnd(grant.leaseUntil, grant.requestedAt);
    this.keptAt = this.extendedAt = grant.requestedAt;
    this.ticker = ports.clock.timer(EXTEND_EVERY_MS, () => void this.tick());
  }

  /**
   * Aborts when a newer revision was requested. Checked between waves; while the worker only waits for health, it ends
   * the wait immediately.
   */
  get superseded(): AbortSignal {
    return this.superseding.signal;
  }

  /** Aborts when the claim is lost. */
  get lost(): AbortSignal {
    return this.losing.signal;
  }

  /** Monotonic time in milliseconds at which the claim ends unless it is extended. */
  deadline(): number {
    return this.ended ? Number.NEGATIVE_INFINITY : this.until;
  }

  /** Checks every second for a newer revision, until `work` is done. */
  async withFrequentChecks<T>(work: () => Promise<T>): Promise<T> {
    this.setPace(FREQUENT_MS);
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

  /** Extends the claim. */
  async extend(): Promise<void> {
    await this.send(extendClaimRequest, {});
  }

  /** Extends the claim before a wave, unless it was extended immediately before, such as by the report of a step. */
  async extendBeforeWave(): Promise<void> {
    if (this.ended || this.ports.clock.monotonic() - this.extendedAt > FRESH_MS) await this.extend();
  }

  /** Reports a completed step, which also extends the claim. */
  async report(step: ReportedStep): Promise<void> {
    const { unreported } = this;
    await this.send(reportStepRequest, { ...earlierOf(unreported), step });
    this.unreported = this.unreported.slice(unreported.length);
  }

  /** Reports a completed step together with the next one, or with the end. For steps that are followed at once. */
  reportWithNext(step: ShortStep): void {
    this.unreported = [...this.unreported, step];
  }

  /** Ends the attempt. Later calls do nothing, since the first end counts. */
  async finish(outcome: Outcome): Promise<void> {
    if (this.ended) return;
    const asked = this.ports.clock.monotonic();
    await this.requestWithRetry(
      finishAttemptRequest,
      { ...this.claimed(), ...earlierOf(this.unreported), outcome },
      Math.max(this.until, asked + 5_000),
    );
    this.stop();
  }

  /** Stops extensions and lets the claim expire. */
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

  private async send<C extends typeof extendClaimRequest | typeof reportStepRequest>(
    contract: C,
    input: Omit<CallerInputOf<C>, keyof ReturnType<Claim['claimed']>>,
  ): Promise<void> {
    if (this.ended) throw new ClaimLostError('the claim has ended');
    const requestedAt = this.ports.clock.monotonic();
    const { leaseUntil, superseded } = await this.requestWithRetry<C>(
      contract,
      { ...this.claimed(), ...input } as CallerInputOf<C>,
      this.until,
    );
    this.until = Math.max(this.until, this.leaseEnd(leaseUntil, requestedAt));
    this.extendedAt = Math.max(this.extendedAt, requestedAt);
    if (superseded) this.superseding.abort();
  }

  /** Retries until there is a response. Retries use the same command id, so that the command takes effect once. */
  private async requestWithRetry<C extends RequestContract>(
    contract: C,
    input: CallerInputOf<C>,
    until: number,
  ): Promise<OutputOf<C>> {
    const { bus, clock, ids } = this.ports;
    const { organizationId } = this.grant.task;
    const first = bus.own({ organizationId });
    for (let attempt = 1; ; attempt++) {
      const { commandId, correlationId } = first;
      const response: Reply<OutputOf<C>> = await bus.request(
        contract,
        input,
        bus.own({ organizationId, commandId, correlationId, timeoutMs: contract.timeoutMs }),
      );
      if (response.ok) return response.value;
      if (response.error.code === 'deployments/claim-lost') throw this.lose('another worker holds the claim');
      if (response.error.kind !== 'unavailable') throw new ReportRefusedError(response.error);
      const waitMs = backOffMs(BACK_OFF, attempt, chance(ids));
      if (clock.monotonic() + waitMs >= until)
        throw this.lose(`no response before the claim expired (${response.error.code})`);
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

  /** Computes the end from the duration of the lease, since the clocks of two hosts may differ. */
  private leaseEnd(leaseUntil: string, requestedAt: number): number {
    const { clock } = this.ports;
    const requestedWallMs = clock.now() - (clock.monotonic() - requestedAt);
    return requestedAt + Math.min(MAX_LEASE_MS, Date.parse(leaseUntil) - requestedWallMs);
  }
}

const earlierOf = (steps: readonly ShortStep[]): { readonly earlier?: ShortStep[] } =>
  steps.length > 0 ? { earlier: [...steps] } : {};
