import type { ClusterConnection } from '#deployments/contract';
import { backOffMs, chance, pause, type Clock, type Ids } from '#kernel';
import type { KubernetesClient } from '#kubernetes';
import { clusterErrorOf, isUnauthorized } from '../cluster/cluster-errors.worker.ts';
import { CredentialMissingError, type ClusterConnections } from '../cluster/connections.worker.ts';
import { judgeClusterError, type Failure } from '../cluster/failure.ts';
import { ClaimLostError } from './claim.worker.ts';

/** Below 30 s including the spread, so that a cluster that is available again is used within that time. */
const BACK_OFF = { firstMs: 1_000, mostMs: 20_000, spread: 0.4 };

/** The attempt failed. Waiting would not help. */
export class AttemptFailedError extends Error {
  override readonly name = 'AttemptFailedError';
  constructor(
    readonly failure: Failure,
    options?: ErrorOptions,
  ) {
    super(failure.message, options);
  }
}

/** A newer revision was requested. */
export class SupersededError extends Error {
  override readonly name = 'SupersededError';
}

/** This process is stopping. The next one continues the attempt. */
export class StoppingError extends Error {
  override readonly name = 'StoppingError';
}

/** When to retry a call to a cluster, and when to stop. */
export interface CallRules {
  readonly connections: ClusterConnections;
  readonly cluster: ClusterConnection;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Aborts the wait with a SupersededError; missing if a newer revision must not end it. */
  readonly superseded?: AbortSignal;
  /** Aborts when the claim is lost. */
  readonly lost: AbortSignal;
  /** Aborts when this process stops. */
  readonly stopping: AbortSignal;
  /**
   * Milliseconds without a response after which the attempt fails. Until then, it continues when the cluster is
   * available again.
   */
  readonly unavailableMs: number;
  /** Called once per new cause while waiting for the cluster. */
  readonly waiting: (cause: string) => Promise<void>;
  /** Runs work that only waits. */
  readonly idly: (wait: () => Promise<void>) => Promise<void>;
}

/**
 * Runs a step against the cluster, and retries it with increasing delays while the cluster is silent or overloaded.
 * Other errors are not retried: they end the attempt with AttemptFailedError. Steps must be idempotent.
 */
export async function callCluster<T>(rules: CallRules, step: (client: KubernetesClient) => Promise<T>): Promise<T> {
  const { connections, cluster, clock, ids, superseded, lost, stopping } = rules;
  const giveUpAt = clock.monotonic() + rules.unavailableMs;
  const anyEnd = AbortSignal.any([lost, stopping, ...(superseded ? [superseded] : [])]);
  let reported: string | undefined;
  let renewed = false;
  for (let attempt = 1; ; attempt++) {
    try {
      return await step(await connections.client(cluster));
    } catch (error) {
      if (stopping.aborted) throw new StoppingError('the worker is stopping', { cause: error });
      if (isUnauthorized(error) && !renewed) {
        renewed = true; // a new credential may be in the vault
        connections.renew(cluster.clusterId);
        continue;
      }
      const verdict = verdictOf(error, cluster.name);
      if (!verdict) throw error;
      if (!verdict.retry) throw new AttemptFailedError(verdict.failure, { cause: error });
      if (attempt >= (verdict.atMost ?? Number.POSITIVE_INFINITY))
        throw new AttemptFailedError(
          { code: 'deployments/conflict', message: verdict.cause, fix: 'apply again' },
          { cause: error },
        );
      const waitMs = backOffMs(BACK_OFF, attempt, chance(ids));
      if (clock.monotonic() + waitMs > giveUpAt) {
        throw new AttemptFailedError(
          {
            code: 'deployments/cluster-unreachable',
            message: verdict.cause,
            fix: `astroctl clusters get ${cluster.name}`,
          },
          { cause: error },
        );
      }
      if (reported !== verdict.cause) {
        reported = verdict.cause;
        await rules.waiting(`${verdict.cause}; trying again`);
      }
      await rules.idly(() => pause(clock, waitMs, anyEnd));
      if (lost.aborted) throw new ClaimLostError('the claim was lost');
      if (superseded?.aborted === true) throw new SupersededError('a newer revision was requested');
      if (stopping.aborted) throw new StoppingError('the worker is stopping');
    }
  }
}

function verdictOf(error: unknown, cluster: string) {
  if (error instanceof CredentialMissingError) {
    const failure = {
      code: 'deployments/cluster-unauthorized',
      message: error.message,
      fix: `astroctl clusters register --cluster-name ${cluster}`,
    };
    return { retry: false as const, failure };
  }
  const fault = clusterErrorOf(error);
  return fault && judgeClusterError(fault, cluster);
}
