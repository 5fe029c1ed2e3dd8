import { backOffMs, type JsonObject } from '#kernel';
import type { Change, KubeObject, ObjectKey } from '../store.ts';
import type { Cluster, Controller, Requeue } from '../controller.ts';
import { conditionsOf, holds, withCondition } from './conditions.ts';
import {
  at,
  controllerOf,
  createdAt,
  isDeleting,
  keyOf,
  namespaceOf,
  numberAt,
  objectAt,
  ownedBy,
  textAt,
  timeOf,
  without,
} from './fields.ts';
import { CONTROLLERS } from './managers.ts';
import { isActive, isReady, phaseOf, podFrom } from './pod-state.ts';

const JOBS = 'jobs.batch';
const COMPONENT = 'job-controller';

/** Returns the key of the owning workload, if it is of the given kind, of a changed pod. */
export const ownerKey =
  (kind: string, resource: string) =>
  ({ object }: Change): readonly ObjectKey[] => {
    const owner = controllerOf(object);
    return owner?.kind === kind ? [{ resource, namespace: namespaceOf(object), name: owner.name }] : [];
  };

/** Runs the pods of a Job until enough succeeded, too many failed, or its deadline passed. */
export function jobController(): Controller {
  return {
    name: 'job',
    watches: [{ resource: JOBS }, { resource: 'pods', keys: ownerKey('Job', JOBS) }],
    reconcile(key, cluster) {
      const job = cluster.store.get(key);
      if (!job || isDeleting(job)) return undefined;
      const conditions = conditionsOf(job.status);
      return holds(conditions, 'Complete') || holds(conditions, 'Failed') ? expire(job, cluster) : run(job, cluster);
    },
  };
}

/** Deletes a finished Job after its TTL. */
function expire(job: KubeObject, cluster: Cluster): Requeue | undefined {
  const ttl = numberAt(job, 'spec', 'ttlSecondsAfterFinished');
  if (ttl === undefined) return undefined;
  const ended = conditionsOf(job.status).find(
    (condition) => condition['type'] === 'Complete' || condition['type'] === 'Failed',
  );
  const waitMs = timeOf(textAt(ended, 'lastTransitionTime')) + ttl * 1000 - cluster.clock.now();
  if (waitMs > 0) return { afterMs: waitMs };
  cluster.delete(keyOf(JOBS, job), { propagation: 'Background', uid: job.metadata.uid });
  return undefined;
}

interface Progress {
  readonly pods: readonly KubeObject[];
  readonly active: readonly KubeObject[];
  readonly succeeded: number;
  readonly failed: number;
}

function progressOf(job: KubeObject, { store }: Cluster): Progress {
  const pods = store.list('pods', { namespace: namespaceOf(job), ownerUid: job.metadata.uid });
  const phases = pods.map(phaseOf);
  const count = (phase: string): number => phases.filter((each) => each === phase).length;
  return {
    pods,
    active: pods.filter(isActive),
    succeeded: Math.max(count('Succeeded'), numberAt(job, 'status', 'succeeded') ?? 0),
    failed: Math.max(count('Failed'), numberAt(job, 'status', 'failed') ?? 0),
  };
}

function run(job: KubeObject, cluster: Cluster): Requeue | undefined {
  const progress = progressOf(job, cluster);
  const completions = numberAt(job, 'spec', 'completions') ?? 1;
  const backOffLimit = numberAt(job, 'spec', 'backoffLimit') ?? 6;
  const deadline = numberAt(job, 'spec', 'activeDeadlineSeconds');
  const startTime = textAt(job, 'status', 'startTime') ?? cluster.timestamp();
  const overdueMs = deadline === undefined ? undefined : timeOf(startTime) + deadline * 1000 - cluster.clock.now();
  if (overdueMs !== undefined && overdueMs <= 0)
    return finish(
      job,
      progress,
      { type: 'Failed', reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' },
      cluster,
    );
  if (progress.failed > backOffLimit)
    return finish(
      job,
      progress,
      { type: 'Failed', reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' },
      cluster,
    );
  if (progress.succeeded >= completions)
    return finish(
      job,
      progress,
      { type: 'Complete', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' },
      cluster,
    );
  const suspended = at(job, 'spec', 'suspend') === true;
  const parallel = suspended
    ? 0
    : Math.min(numberAt(job, 'spec', 'parallelism') ?? 1, completions - progress.succeeded);
  const conditions = suspension(job, suspended, cluster);
  const waitMs = retryWait(progress, cluster.clock.now());
  if (waitMs === 0) for (let made = progress.active.length; made < parallel; made += 1) start(job, progress, cluster);
  for (const pod of progress.active.slice(parallel)) cluster.delete(keyOf('pods', pod), { uid: pod.metadata.uid });
  write(job, progressOf(job, cluster), { ...(suspended ? {} : { startTime }) }, conditions, cluster);
  const next = Math.min(overdueMs ?? Infinity, waitMs > 0 ? waitMs : Infinity);
  return Number.isFinite(next) ? { afterMs: next } : undefined;
}

/** Returns the conditions with Suspended set, once the Job has been suspended. */
function suspension(job: KubeObject, suspended: boolean, cluster: Cluster): readonly JsonObject[] {
  const stored = conditionsOf(job.status);
  const now = cluster.timestamp();
  if (suspended === holds(stored, 'Suspended')) return stored;
  const words = suspended
    ? { reason: 'JobSuspended', message: 'Job suspended' }
    : { reason: 'JobResumed', message: 'Job resumed' };
  const status = suspended ? 'True' : 'False';
  cluster.recordEvent(job, {
    type: 'Normal',
    reason: suspended ? 'Suspended' : 'Resumed',
    message: words.message,
    component: COMPONENT,
  });
  return withCondition(stored, { type: 'Suspended', status, ...words }, now, { lastProbeTime: now });
}

/** Back-off before the next pod after a failure. */
const BACK_OFF = { firstMs: 10_000, mostMs: 360_000 };

function retryWait({ pods, failed }: Progress, nowMs: number): number {
  if (failed === 0) return 0;
  const newest = Math.max(0, ...pods.filter((pod) => phaseOf(pod) === 'Failed').map(createdAt));
  return Math.max(0, newest + backOffMs(BACK_OFF, failed) - nowMs);
}

function start(job: KubeObject, { pods }: Progress, cluster: Cluster): void {
  const template = objectAt(job, 'spec', 'template');
  const indexed = textAt(job, 'spec', 'completionMode') === 'Indexed';
  const taken = new Set(
    pods
      .filter((pod) => phaseOf(pod) !== 'Failed')
      .map(({ metadata }) => metadata.annotations?.['batch.kubernetes.io/job-completion-index']),
  );
  let index = 0;
  while (taken.has(String(index))) index += 1;
  const mark = indexed ? { 'batch.kubernetes.io/job-completion-index': String(index) } : {};
  const metadata = {
    ownerReferences: [ownedBy(job)],
    ...(indexed && {
      annotations: { ...objectAt(template, 'metadata', 'annotations'), ...mark },
      labels: { ...objectAt(template, 'metadata', 'labels'), ...mark },
    }),
  };
  const made = cluster.create(podFrom(template, job, { metadata }), CONTROLLERS);
  if (made.ok)
    cluster.recordEvent(job, {
      type: 'Normal',
      reason: 'SuccessfulCreate',
      message: `Created pod: ${made.value.metadata.name}`,
      component: COMPONENT,
    });
  else
    cluster.recordEvent(job, {
      type: 'Warning',
      reason: 'FailedCreate',
      message: `Error creating: ${made.error.message ?? ''}`,
      component: COMPONENT,
    });
}

interface Verdict {
  readonly type: 'Complete' | 'Failed';
  readonly reason: string;
  readonly message: string;
}

function finish(job: KubeObject, progress: Progress, verdict: Verdict, cluster: Cluster): Requeue | undefined {
  for (const pod of progress.active) cluster.delete(keyOf('pods', pod), { uid: pod.metadata.uid });
  const now = cluster.timestamp();
  const early = verdict.type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
  const conditions = [early, verdict.type].reduce(
    (list, type) => withCondition(list, { ...verdict, type, status: 'True' }, now, { lastProbeTime: now }),
    conditionsOf(job.status),
  );
  const startTime = textAt(job, 'status', 'startTime') ?? now;
  write(
    job,
    { ...progress, active: [] },
    { startTime, ...(verdict.type === 'Complete' && { completionTime: now }) },
    conditions,
    cluster,
  );
  cluster.recordEvent(
    job,
    verdict.type === 'Complete'
      ? { type: 'Normal', reason: 'Completed', message: 'Job completed', component: COMPONENT }
      : { type: 'Warning', reason: verdict.reason, message: verdict.message, component: COMPONENT },
  );
  const stored = cluster.store.get(keyOf(JOBS, job));
  return stored && expire(stored, cluster);
}

function write(
  job: KubeObject,
  { active, succeeded, failed, pods }: Progress,
  more: JsonObject,
  conditions: readonly JsonObject[],
  cluster: Cluster,
): void {
  const status = {
    ...without(job.status ?? {}, 'active'),
    ...more,
    ...(active.length > 0 && { active: active.length }),
    ...(succeeded > 0 && { succeeded }),
    ...(failed > 0 && { failed }),
    ready: active.filter(isReady).length,
    terminating: pods.filter(isDeleting).length,
    uncountedTerminatedPods: {},
    ...(conditions.length > 0 && { conditions }),
  };
  cluster.updateStatus({ ...job, status }, CONTROLLERS);
}
