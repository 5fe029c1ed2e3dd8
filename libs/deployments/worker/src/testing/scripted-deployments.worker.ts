import { refuse, reply, type Bus, type Reply, type RequestContext } from '#bus';
import type { CallerInputOf, OutputOf, RequestContract, StreamContract } from '#bus/contract';
import {
  claimAttemptRequest,
  clusterHealthRulesRequest,
  deployedObjectsRequest,
  extendClaimRequest,
  finishAttemptRequest,
  observedClustersRequest,
  reportClusterRequest,
  reportHealthRequest,
  reportStepRequest,
  type HealthSettings,
  type InventoryEntry,
  type RolloutTask,
} from '#deployments/contract';
import { domainError, type Clock } from '#kernel';
import type { ReportedStep, Outcome } from '../rollout/claim.worker.ts';

type Attempt = {
  readonly task: RolloutTask;
  claim: number;
  leaseUntilMs: number;
  superseded: boolean;
  readonly steps: ReportedStep[];
  outcome?: Outcome;
};

/**
 * A report of an attempt, or its response, that is lost together with the claim, as if the worker were killed there.
 */
export interface Loss {
  readonly step: ReportedStep['step'];
  /** 0 for the first report of that step. */
  readonly nth: number;
  readonly when: 'before' | 'after';
}

/**
 * In-memory deployments service for tests of the worker: claims with a lease, steps, one end per attempt. Requests are
 * validated by the same contracts as on the bus.
 */
export class ScriptedDeployments implements Bus {
  readonly attempts = new Map<string, Attempt>();
  readonly health: CallerInputOf<typeof reportHealthRequest>['applications'] = [];
  readonly clusters: CallerInputOf<typeof reportClusterRequest>[] = [];
  observed: OutputOf<typeof observedClustersRequest> = { clusters: [] };
  healthRules: HealthSettings = { kinds: [] };
  leaseMs = 30_000;
  /** Whether requests get no response. */
  silent = false;
  loss: Loss | undefined;
  private hold:
    | { readonly attemptId: string; readonly step: string; readonly reached: () => void; readonly until: Promise<void> }
    | undefined;
  private number = 0;

  constructor(private readonly clock: Clock) {}

  /** Creates an attempt that receives the recorded plan and inventory of earlier attempts, as in the service. */
  newAttempt<K extends Partial<RolloutTask>>(
    base: Omit<RolloutTask, 'attemptId' | 'attemptNumber' | 'recordedPlan' | 'inventory'>,
    more: K = {} as K,
  ): RolloutTask {
    const earlier = [...this.attempts.values()].filter(({ task }) => task.applicationId === base.applicationId);
    const attemptNumber = ++this.number;
    const same = earlier.filter(
      ({ task, outcome }) => task.revision === base.revision && task.kind === base.kind && outcome === undefined,
    );
    const plan = same
      .flatMap(({ steps }) => steps)
      .flatMap((step) => (step.step === 'planned' ? [step.plan] : []))
      .at(-1);
    const task: RolloutTask = {
      ...base,
      attemptId: `attempt-${attemptNumber}`,
      attemptNumber,
      recordedPlan: plan ? { rendered: plan.rendered, digest: plan.digest } : null,
      inventory: inventoryAfter(earlier),
      ...more,
    };
    for (const attempt of earlier) attempt.superseded = true;
    this.attempts.set(task.attemptId, { task, claim: 0, leaseUntilMs: 0, superseded: false, steps: [] });
    return task;
  }

  /** Delays the response to one report until it is released, and the end of the lease too. The worker stops there. */
  holdAt({ attemptId, step }: { readonly attemptId: string; readonly step: ReportedStep['step'] }): {
    readonly reached: Promise<void>;
    readonly release: () => void;
  } {
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    this.hold = { attemptId, step, reached: reached.resolve, until: released.promise };
    return { reached: reached.promise, release: released.resolve };
  }

  attempt(attemptId: string): Attempt {
    const attempt = this.attempts.get(attemptId);
    if (!attempt) throw new Error(`no attempt ${attemptId}`);
    return attempt;
  }

  async request<C extends RequestContract>(contract: C, input: CallerInputOf<C>): Promise<Reply<OutputOf<C>>> {
    if (this.silent) return refuse(domainError('bus/timeout', 'unavailable', 'No answer.'));
    const parsed: unknown = contract.input.parse(JSON.parse(JSON.stringify(input)));
    const answer = this.answer(contract, parsed);
    if (answer.ok) contract.output.parse(answer.value);
    const report = reportStepRequest.input.safeParse(parsed);
    if (report.success && this.hold?.attemptId === report.data.attemptId && this.hold.step === report.data.step.step) {
      const { reached, until } = this.hold;
      this.hold = undefined;
      reached();
      await until;
    }
    return answer as Reply<OutputOf<C>>; // parsed by its contract above
  }

  async *stream<C extends StreamContract>(contract: C): AsyncIterable<OutputOf<C>> {
    throw new Error(`nobody streams ${contract.subject} here`);
  }

  own(cause: Parameters<Bus['own']>[0]): RequestContext {
    return {
      principal: { kind: 'service', service: 'deploy-worker' },
      actor: { id: 'system:deploy-worker', kind: 'system', isGlobalAdmin: false },
      commandId: cause.commandId ?? `${'0'.repeat(32)}.${'0'.repeat(32)}`,
      correlationId: cause.correlationId ?? 'test',
      deadlineMs: this.clock.now() + (cause.timeoutMs ?? 10_000),
    };
  }

  private answer(contract: RequestContract, input: unknown): Reply<unknown> {
    switch (contract.subject) {
      case claimAttemptRequest.subject: {
        const { attemptId } = claimAttemptRequest.input.parse(input);
        const attempt = this.attempts.get(attemptId);
        if (!attempt || attempt.outcome) return reply({ granted: false, reason: 'nothing is owed', retryInMs: null });
        if (attempt.leaseUntilMs > this.clock.now())
          return reply({ granted: false, reason: 'claimed', retryInMs: 1_000 });
        attempt.claim++;
        return reply({ granted: true, claim: attempt.claim, leaseUntil: this.lease(attempt), task: attempt.task });
      }
      case extendClaimRequest.subject: {
        const { attemptId, claim } = extendClaimRequest.input.parse(input);
        return this.held(attemptId, claim) ?? this.state(attemptId);
      }
      case reportStepRequest.subject: {
        const { attemptId, claim, earlier = [], step } = reportStepRequest.input.parse(input);
        return (
          this.held(attemptId, claim) ?? this.recorded(attemptId, [...earlier, step], () => {}) ?? this.state(attemptId)
        );
      }
      case finishAttemptRequest.subject: {
        const { attemptId, claim, earlier = [], outcome } = finishAttemptRequest.input.parse(input);
        const end = () => (this.attempt(attemptId).outcome ??= outcome);
        return this.held(attemptId, claim) ?? this.recorded(attemptId, earlier, end) ?? reply({});
      }
      case clusterHealthRulesRequest.subject:
        return reply(this.healthRules);
      case observedClustersRequest.subject:
        return reply(this.observed);
      case reportHealthRequest.subject:
        this.health.push(...reportHealthRequest.input.parse(input).applications);
        return reply({});
      case deployedObjectsRequest.subject: {
        const { applicationId } = deployedObjectsRequest.input.parse(input);
        const of = [...this.attempts.values()].filter(({ task }) => task.applicationId === applicationId);
        return reply({ objects: inventoryAfter(of), next: null });
      }
      case reportClusterRequest.subject:
        this.clusters.push(reportClusterRequest.input.parse(input));
        return reply({});
      default:
        throw new Error(`nobody answers ${contract.subject} here`);
    }
  }

  /**
   * Records steps and what follows them, unless the request is to be lost.
   * @returns the response if the request or its response is lost
   */
  private recorded(attemptId: string, steps: readonly ReportedStep[], follow: () => void): Reply<never> | undefined {
    const attempt = this.attempt(attemptId);
    const { loss } = this;
    const nth = attempt.steps.filter(({ step }) => step === loss?.step).length;
    const losing = loss?.nth === nth && steps.some(({ step }) => step === loss.step) ? loss.when : undefined;
    if (losing !== 'before') {
      attempt.steps.push(...steps);
      follow();
    }
    if (losing === undefined) return undefined;
    this.loss = undefined;
    attempt.claim++; // the holder of the old number has lost the claim
    return claimLost();
  }

  private held(attemptId: string, claim: number): Reply<never> | undefined {
    const attempt = this.attempts.get(attemptId);
    return attempt?.claim === claim ? undefined : claimLost();
  }

  private state(attemptId: string): Reply<unknown> {
    const attempt = this.attempt(attemptId);
    return reply({ leaseUntil: this.lease(attempt), superseded: attempt.superseded });
  }

  private lease(attempt: Attempt): string {
    attempt.leaseUntilMs = this.clock.now() + this.leaseMs;
    return new Date(attempt.leaseUntilMs).toISOString();
  }
}

const claimLost = (): Reply<never> =>
  refuse(domainError('deployments/claim-lost', 'conflict', 'Another worker holds this claim.'));

/**
 * Returns what the attempts may have put onto the cluster: the result of the last end, and all plans recorded since.
 */
function inventoryAfter(attempts: readonly Attempt[]): InventoryEntry[] {
  let entries = new Map<string, InventoryEntry>();
  const name = ({ group, kind, namespace, name: own }: InventoryEntry) => `${group}/${kind}/${namespace}/${own}`;
  for (const { steps, outcome } of attempts) {
    for (const step of steps) {
      const told = step.step === 'planned' ? step.plan.inventory : step.step === 'applied' ? step.objects : [];
      for (const entry of told)
        entries.set(name(entry), { ...entry, uid: entry.uid ?? entries.get(name(entry))?.uid ?? null });
    }
    if (outcome && outcome.outcome !== 'superseded')
      entries = new Map(outcome.inventory.map((entry) => [name(entry), entry]));
  }
  return [...entries.values()];
}
