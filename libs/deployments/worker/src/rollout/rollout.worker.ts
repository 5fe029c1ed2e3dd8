import { BUS, type Bus } from '#bus';
import { claimAttemptRequest, rolloutQueue, type RolloutTask } from '#deployments/contract';
import { CLOCK, IDS, LOGGER, pause, type Clock, type Ids, type Logger } from '#kernel';
import { ClaimTooShortError, FenceLostError } from '#kubernetes';
import { WORK_QUEUE, type Delivery, type WorkQueue } from '#work-queue';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { z } from 'zod';
import { ClusterConnections } from '../cluster/connections.worker.ts';
import { WORKER_RECORDS, type WorkerRecords } from '../cluster/records.worker.ts';
import { Sources } from '../sources/sources.worker.ts';
import { Claim, ClaimLostError, ReportRefusedError, type Outcome } from './claim.worker.ts';
import { StoppingError } from './cluster-calls.worker.ts';
import { remove } from './delete.worker.ts';
import { deploy } from './deploy.worker.ts';
import { withInventory } from './large-inventory.worker.ts';
import { ManifestRenderer } from './renderer.worker.ts';
import { RolloutMetrics } from './rollout-metrics.worker.ts';
import { DEFAULT_TIMES, Run, type RolloutTimes } from './run.worker.ts';
import { FairSlots, type Slot } from './slots.worker.ts';

type Item = z.infer<typeof rolloutQueue.item>;

/** Attempts of one worker that work on clusters concurrently. */
export const DEFAULT_SLOTS = 32;

/** Injection token of `RolloutTimes`. */
export const ROLLOUT_TIMES = Symbol('rollout times');

/** Identity of this worker. A new incarnation of a name proves that the previous one has ended. */
export interface WorkerIdentity {
  readonly name: string;
  readonly incarnation: string;
}

/** Delay after a lost claim or fence. The new holder ends the work, and the item is checked once more. */
const LOST_RETRY_MS = 5_000;
const UNAVAILABLE_RETRY_MS = 2_000;
const IN_PROGRESS_RETRY_MS = 15_000;
/** Items per slot that are taken from the queue, so that one organization's items do not block those of others. */
const MAX_IN_PROGRESS_PER_SLOT = 16;

/** Returns what may be shown of an unexpected error: its code or name, but not its message. */
const unexpectedText = (error: unknown): string =>
  error instanceof ReportRefusedError ? error.error.code : error instanceof Error ? error.name : 'an error';
/** After this many consecutive ends of the same kind, the attempt is not retried. */
const MAX_SAME_ENDS = 3;

/** Takes rollouts from the queue, processes as many concurrently as there are slots, and ends each of them. */
@Injectable()
export class RolloutWorker {
  private readonly stopping = new AbortController();
  private release: (() => Promise<void>) | undefined;
  /** Attempts in progress. A repeated request of this process gets the same claim, and must not process it twice. */
  private readonly inProgress = new Set<string>();
  /** Attempts that ended with an unexpected error, and how often in a row. */
  private readonly sameEnds = new LRUCache<string, { readonly why: string; readonly times: number }>({ max: 1_000 });
  private slots = new FairSlots(DEFAULT_SLOTS);

  constructor(
    @Inject(BUS) private readonly bus: Bus,
    @Inject(WORKER_RECORDS) private readonly records: WorkerRecords,
    @Inject(WORK_QUEUE) private readonly queue: WorkQueue,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(ClusterConnections) private readonly connections: ClusterConnections,
    @Inject(ManifestRenderer) private readonly renderer: ManifestRenderer,
    @Inject(Sources) private readonly sources: Sources,
    @Inject(ROLLOUT_TIMES) private readonly times: RolloutTimes = DEFAULT_TIMES,
    @Inject(RolloutMetrics) private readonly metrics: RolloutMetrics = new RolloutMetrics(),
  ) {}

  async start(identity: WorkerIdentity, slots: number): Promise<void> {
    this.slots = new FairSlots(slots);
    const concurrency = slots * MAX_IN_PROGRESS_PER_SLOT;
    this.release = await this.queue.work(rolloutQueue, (delivery) => this.handle(delivery, identity), { concurrency });
  }

  /**
   * Stops the worker. Attempts in progress are left at their present step, and the next worker continues from there.
   */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.release?.();
  }

  /** Processes one item. It may be delivered more than once, since deployments grants one claim at a time. */
  async handle(delivery: Delivery<Item>, identity: WorkerIdentity): Promise<void> {
    const { attemptId } = delivery.item;
    if (this.inProgress.has(attemptId)) return delivery.retry(IN_PROGRESS_RETRY_MS);
    this.inProgress.add(attemptId);
    const slot = this.slots.of(delivery.item.organizationId);
    try {
      if (await this.hasTurn(slot, delivery)) await this.claimAndWork(delivery, identity, slot);
      else await delivery.retry(0);
    } finally {
      slot.release();
      this.inProgress.delete(attemptId);
    }
  }

  /** Waits for a slot and keeps the item until then. @returns false if this worker stops first */
  private async hasTurn(slot: Slot, delivery: Delivery<Item>): Promise<boolean> {
    const taken = slot.take(this.stopping.signal);
    for (;;) {
      const done = new AbortController();
      const late = pause(this.clock, rolloutQueue.ackWaitMs / 3, done.signal).then(() => 'late' as const);
      const outcome = await Promise.race([taken, late]);
      done.abort();
      if (outcome !== 'late') return outcome;
      await delivery.extend();
    }
  }

  private async claimAndWork(
    delivery: Delivery<Item>,
    { name, incarnation }: WorkerIdentity,
    slot: Slot,
  ): Promise<void> {
    const { item } = delivery;
    const requestedAt = this.clock.monotonic();
    const claimResponse = await this.bus.request(
      claimAttemptRequest,
      { ...item, worker: name, incarnation },
      this.bus.own({ organizationId: item.organizationId, timeoutMs: claimAttemptRequest.timeoutMs }),
    );
    if (!claimResponse.ok) {
      if (claimResponse.error.kind === 'unavailable') return delivery.retry(UNAVAILABLE_RETRY_MS);
      if (claimResponse.error.kind === 'not-found') return delivery.acknowledge();
      throw new Error(`a claim was refused: ${claimResponse.error.code}`);
    }
    const answer = claimResponse.value;
    if (!answer.granted) return answer.retryInMs === null ? delivery.acknowledge() : delivery.retry(answer.retryInMs);

    const claim = new Claim(
      { bus: this.bus, clock: this.clock, ids: this.ids, logger: this.logger, keepItem: () => delivery.extend() },
      { ...answer, requestedAt },
    );
    try {
      const task = await withInventory(answer.task, this.records);
      const outcome = await this.metrics.inHand(() => this.work(claim, task, slot));
      await claim.finish(outcome);
      this.metrics.ended(outcome.outcome);
      await delivery.acknowledge();
    } catch (error) {
      if (error instanceof StoppingError) return delivery.retry(0);
      if (!(error instanceof ClaimLostError || error instanceof FenceLostError || error instanceof ClaimTooShortError))
        return await this.endedUnexpectedly(claim, delivery, error);
      this.metrics.ended('taken-over');
      this.logger.info(
        { ...item, claim: answer.claim, why: error.message },
        'an attempt was taken over by another worker',
      );
      await delivery.retry(LOST_RETRY_MS);
    } finally {
      claim.stop();
    }
  }

  /** Retries after an unexpected error, which may be temporary. The attempt fails if the same error repeats. */
  private async endedUnexpectedly(claim: Claim, delivery: Delivery<Item>, error: unknown): Promise<void> {
    const { attemptId } = delivery.item;
    const why = unexpectedText(error);
    const known = this.sameEnds.get(attemptId);
    const times = known?.why === why ? known.times + 1 : 1;
    this.sameEnds.set(attemptId, { why, times });
    if (times < MAX_SAME_ENDS) throw error;
    this.logger.error({ attemptId, err: String(error) }, 'an attempt ended the same way three times');
    this.metrics.ended('failed');
    await claim.finish({
      outcome: 'failed',
      code: 'deployments/attempt-failed',
      message: `the attempt ended ${times} times in the same way: ${why}`,
      fix: 'check the log of the deploy worker, then apply again',
      applied: false,
      inventory: [],
      serving: null,
    });
    this.sameEnds.delete(attemptId);
    await delivery.acknowledge();
  }

  private work(claim: Claim, task: RolloutTask, slot: Slot): Promise<Outcome> {
    const { records, clock, ids, logger, connections, renderer, sources, times, metrics } = this;
    const run = new Run(
      { records, clock, ids, logger, connections, renderer, sources, times, metrics },
      claim,
      task,
      this.stopping.signal,
      slot,
    );
    return task.kind === 'delete' ? remove(run) : deploy(run);
  }
}
