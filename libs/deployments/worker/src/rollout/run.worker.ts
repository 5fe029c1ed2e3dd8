import type { RolloutTask } from '#deployments/contract';
import type { Clock, Ids, Logger } from '#kernel';
import type { KubernetesClient } from '#kubernetes';
import type { ClusterConnections } from '../cluster/connections.worker.ts';
import type { WorkerRecords } from '../cluster/records.worker.ts';
import { ClaimLostError, type Claim } from './claim.worker.ts';
import { callCluster, StoppingError, SupersededError, type CallRules } from './cluster-calls.worker.ts';
import type { ManifestRenderer } from './renderer.worker.ts';
import type { Slot } from './slots.worker.ts';
import type { RolloutMetrics } from './rollout-metrics.worker.ts';

/** Times that operators may change and tests shorten, in milliseconds. */
export interface RolloutTimes {
  /** From the last apply until everything must be healthy. */
  readonly rolloutMs: number;
  /** How long pods must stay well before that counts: one that crashes in a loop is ready for moments. */
  readonly steadyMs: number;
  /** The times after which an attempt gives up on a failure are multiplied by it. */
  readonly giveUpScale: number;
  /** How long a cluster may be away before an attempt gives up. */
  readonly patienceMs: number;
  /** How long objects may take to go. */
  readonly deletionMs: number;
}

export const DEFAULT_TIMES: RolloutTimes = {
  rolloutMs: 10 * 60_000,
  steadyMs: 2_000,
  giveUpScale: 1,
  patienceMs: 2 * 3_600_000,
  deletionMs: 10 * 60_000,
};

const WRITE_MS = 20_000;
/** Between the last moment of a write and the end of the claim. */
const MARGIN_MS = 1_000;

export interface RunPorts {
  readonly records: WorkerRecords;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly connections: ClusterConnections;
  readonly renderer: ManifestRenderer;
  readonly times: RolloutTimes;
  readonly metrics: RolloutMetrics;
}

/** One attempt in this worker's hands. */
export class Run {
  private readonly rules: CallRules;

  constructor(
    readonly ports: RunPorts,
    readonly claim: Claim,
    readonly task: RolloutTask,
    readonly stopping: AbortSignal,
    private readonly slot: Slot,
  ) {
    this.rules = {
      connections: ports.connections,
      cluster: task.cluster,
      clock: ports.clock,
      ids: ports.ids,
      superseded: claim.superseded,
      lost: claim.lost,
      stopping,
      patienceMs: ports.times.patienceMs,
      waiting: (message) => claim.report({ step: 'progressing', message }),
      idly: (wait) => this.idly(wait),
    };
  }

  /** Fires when whatever only waits must end: a newer revision, a lost claim, the end of this process. */
  get ended(): AbortSignal {
    return AbortSignal.any([this.claim.superseded, this.claim.lost, this.stopping]);
  }

  /** Waits for something without a slot: others work in the meantime. */
  idly<T>(wait: () => Promise<T>): Promise<T> {
    return this.slot.without(wait, this.ended);
  }

  /** Runs a repeatable step against the cluster; see `callCluster`. */
  call<T>(step: (client: KubernetesClient) => Promise<T>): Promise<T> {
    return callCluster(this.rules, step);
  }

  /** Before each wave: the claim is renewed, and a newer revision or the end of this process ends the work here. */
  async beginWave(): Promise<void> {
    this.throwIfSuperseded();
    await this.claim.extend();
    this.throwIfStopping();
  }

  /** Milliseconds that a write may take at most: none may land after the claim has ended. */
  writeMs(): number {
    return Math.max(1, Math.min(WRITE_MS, this.claim.deadline() - this.ports.clock.monotonic() - MARGIN_MS));
  }

  /** @throws ClaimLostError when so little of the claim is left that a write might land after its end */
  throwIfClaimEnds(): void {
    if (this.claim.deadline() - this.ports.clock.monotonic() <= MARGIN_MS + 1_000)
      throw new ClaimLostError('the claim would expire before the write completes');
  }

  /** @throws StoppingError, ClaimLostError: while something is only waited for, these end it */
  throwIfSuperseded(): void {
    if (this.stopping.aborted) throw new StoppingError('the worker is stopping');
    if (this.claim.lost.aborted) throw new ClaimLostError('the claim was lost');
  }

  /** @throws SupersededError when a newer revision was requested */
  throwIfStopping(): void {
    if (this.claim.superseded.aborted) throw new SupersededError('a newer revision was requested');
  }
}

/** The object on the cluster that only the newest attempt may write. */
export const fenceOf = ({ task, ports }: Run) => ({
  applicationId: task.applicationId,
  applicationName: task.applicationName,
  namespace: task.targetNamespace,
  attempt: task.attemptNumber,
  ids: ports.ids,
});
