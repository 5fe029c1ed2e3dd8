import type { RolloutTask } from '#deployments/contract';
import { pause, type Clock, type Ids, type Logger } from '#kernel';
import type { KubernetesClient } from '#kubernetes';
import type { ClusterConnections } from '../cluster/connections.worker.ts';
import type { WorkerRecords } from '../cluster/records.worker.ts';
import type { Sources } from '../sources/sources.worker.ts';
import { ClaimLostError, type Claim } from './claim.worker.ts';
import { callCluster, StoppingError, SupersededError, type CallRules } from './cluster-calls.worker.ts';
import type { ManifestRenderer } from './renderer.worker.ts';
import type { Slot } from './slots.worker.ts';
import type { RolloutMetrics } from './rollout-metrics.worker.ts';

/** Timeouts in milliseconds, configurable by operators and shortened in tests. */
export interface RolloutTimes {
  /** From the last apply until all objects must be healthy. */
  readonly rolloutMs: number;
  /** How long pods must stay healthy, since a pod in a crash loop is ready for short times. */
  readonly stableMs: number;
  /** Factor for the timeouts after which an attempt fails because of a failing object. */
  readonly toleranceScale: number;
  /** How long a cluster may be unavailable before an attempt fails. */
  readonly unavailableMs: number;
  /** How long the deletion of objects may take. */
  readonly deletionMs: number;
}

/** Default timeouts. */
export const DEFAULT_TIMES: RolloutTimes = {
  rolloutMs: 10 * 60_000,
  stableMs: 2_000,
  toleranceScale: 1,
  unavailableMs: 2 * 3_600_000,
  deletionMs: 10 * 60_000,
};

const WRITE_MS = 20_000;
/** Between the last possible time of a write and the end of the claim. */
const MARGIN_MS = 1_000;

/** Dependencies of an attempt. */
export interface RunPorts {
  readonly records: WorkerRecords;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly connections: ClusterConnections;
  readonly renderer: ManifestRenderer;
  readonly sources: Sources;
  readonly times: RolloutTimes;
  readonly metrics: RolloutMetrics;
}

/** One attempt that this worker processes. */
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
      unavailableMs: ports.times.unavailableMs,
      waiting: (message) => claim.report({ step: 'progressing', message, problem: message }),
      idly: (wait) => this.idly(wait),
    };
  }

  /** Aborts when waiting must end: a newer revision, a lost claim, or the stop of this process. */
  get ended(): AbortSignal {
    return AbortSignal.any([this.claim.superseded, this.claim.lost, this.stopping]);
  }

  /** Waits without holding a slot, so that others can use it. */
  idly<T>(wait: () => Promise<T>): Promise<T> {
    return this.slot.without(wait, this.ended);
  }

  /** Waits without holding a slot. @throws SupersededError, StoppingError, ClaimLostError */
  async waitIdly(ms: number): Promise<void> {
    await this.idly(() => pause(this.ports.clock, ms, this.ended));
    this.throwIfSuperseded();
    this.throwIfStopping();
  }

  /** Runs an idempotent step against the cluster; see `callCluster`. */
  call<T>(step: (client: KubernetesClient) => Promise<T>): Promise<T> {
    return callCluster(this.rules, step);
  }

  /** Like `call`, but a newer revision does not end the wait for a cluster that is not available. */
  callToCompletion<T>(step: (client: KubernetesClient) => Promise<T>): Promise<T> {
    const { superseded: _, ...rules } = this.rules;
    return callCluster(rules, step);
  }

  /** Renews the claim before each wave. A newer revision or the stop of this process ends the attempt here. */
  async beginWave(): Promise<void> {
    this.throwIfStopping();
    await this.claim.extendBeforeWave();
    this.throwIfSuperseded();
  }

  /** Maximum milliseconds for a write, so that it cannot take effect after the claim has ended. */
  writeMs(): number {
    return Math.max(1, Math.min(WRITE_MS, this.claim.deadline() - this.ports.clock.monotonic() - MARGIN_MS));
  }

  /** @throws ClaimLostError if a write might take effect after the end of the claim */
  throwIfClaimEnds(): void {
    if (this.claim.deadline() - this.ports.clock.monotonic() <= MARGIN_MS + 1_000)
      throw new ClaimLostError('the claim would expire before the write completes');
  }

  /** Ends a wait. @throws StoppingError, ClaimLostError */
  throwIfStopping(): void {
    if (this.stopping.aborted) throw new StoppingError('the worker is stopping');
    if (this.claim.lost.aborted) throw new ClaimLostError('the claim was lost');
  }

  /** @throws SupersededError if a newer revision was requested */
  throwIfSuperseded(): void {
    if (this.claim.superseded.aborted) throw new SupersededError('a newer revision was requested');
  }
}

/** Returns the fence: the object on the cluster that only the newest attempt may write. */
export const fenceOf = ({ task, ports }: Run) => ({
  applicationId: task.applicationId,
  applicationName: task.applicationName,
  namespace: task.targetNamespace,
  attempt: task.attemptNumber,
  ids: ports.ids,
});
