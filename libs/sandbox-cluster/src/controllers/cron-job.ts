import type { Cluster, Controller, Requeue } from '../controller.ts';
import type { KubeObject } from '../store.ts';
import { conditionsOf, holds } from './conditions.ts';
import { nextRun, parseSchedule } from './cron.ts';
import {
  at,
  byAge,
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
import { ownerKey } from './job.ts';
import { CONTROLLERS } from './managers.ts';

const CRON_JOBS = 'cronjobs.batch';
const COMPONENT = 'cronjob-controller';
const LONGEST_MS = 24 * 3_600_000; // a timer waits at most a day

/** Starts the Jobs of a CronJob on schedule (in UTC; other time zones are ignored) and trims its history. */
export function cronJobController(): Controller {
  return {
    name: 'cronjob',
    watches: [{ resource: CRON_JOBS }, { resource: 'jobs.batch', keys: ownerKey('CronJob', CRON_JOBS) }],
    reconcile(key, cluster) {
      const cron = cluster.store.get(key);
      return cron && !isDeleting(cron) ? reconcile(cron, cluster) : undefined;
    },
  };
}

const over = (job: KubeObject): 'Complete' | 'Failed' | undefined =>
  holds(conditionsOf(job.status), 'Complete')
    ? 'Complete'
    : holds(conditionsOf(job.status), 'Failed')
      ? 'Failed'
      : undefined;

function reconcile(cron: KubeObject, cluster: Cluster): Requeue | undefined {
  const schedule = parseSchedule(textAt(cron, 'spec', 'schedule') ?? '');
  trim(cron, cluster);
  const suspended = at(cron, 'spec', 'suspend') === true;
  const nowMs = cluster.clock.now();
  const last = Math.max(timeOf(textAt(cron, 'status', 'lastScheduleTime')), createdAt(cron));
  const due = schedule && !suspended ? latestDue(cron, last, nowMs) : undefined;
  const started = due === undefined ? false : start(cron, due, cluster);
  const current = cluster.store.get(keyOf(CRON_JOBS, cron)) ?? cron;
  const jobs = jobsOf(cron, cluster);
  const active = jobs
    .filter((job) => over(job) === undefined)
    .map((job) => ({
      apiVersion: 'batch/v1',
      kind: 'Job',
      name: job.metadata.name,
      namespace: namespaceOf(job),
      uid: job.metadata.uid,
      resourceVersion: job.metadata.resourceVersion,
    }));
  const success = [
    ...jobs.filter((job) => over(job) === 'Complete').map((job) => textAt(job, 'status', 'completionTime') ?? ''),
    textAt(cron, 'status', 'lastSuccessfulTime') ?? '',
  ]
    .sort()
    .at(-1);
  const status = {
    ...without(current.status ?? {}, 'active'),
    ...(active.length > 0 && { active }),
    ...(started && due !== undefined && { lastScheduleTime: cluster.timestamp(due) }),
    ...(success !== '' && success !== undefined && { lastSuccessfulTime: success }),
  };
  cluster.updateStatus({ ...current, status }, CONTROLLERS);
  const next = schedule && !suspended ? nextRun(schedule, nowMs) : undefined;
  return next === undefined ? undefined : { afterMs: Math.min(LONGEST_MS, Math.max(1, next - nowMs)) };
}

const jobsOf = (cron: KubeObject, { store }: Cluster): readonly KubeObject[] =>
  [...store.list('jobs.batch', { namespace: namespaceOf(cron), ownerUid: cron.metadata.uid })].sort(byAge);

/** Returns the latest missed run. Earlier missed runs are skipped, as is one past its starting deadline. */
function latestDue(cron: KubeObject, lastMs: number, nowMs: number): number | undefined {
  const schedule = parseSchedule(textAt(cron, 'spec', 'schedule') ?? '');
  const lateSeconds = numberAt(cron, 'spec', 'startingDeadlineSeconds');
  const from = Math.max(lastMs, nowMs - (lateSeconds === undefined ? LONGEST_MS : lateSeconds * 1000));
  let found: number | undefined;
  for (
    let next = schedule && nextRun(schedule, from);
    schedule && next !== undefined && next <= nowMs;
    next = nextRun(schedule, next)
  )
    found = next;
  return found;
}

function start(cron: KubeObject, dueMs: number, cluster: Cluster): boolean {
  const policy = textAt(cron, 'spec', 'concurrencyPolicy');
  const running = jobsOf(cron, cluster).filter((job) => over(job) === undefined);
  if (policy === 'Forbid' && running.length > 0) {
    cluster.recordEvent(cron, {
      type: 'Normal',
      reason: 'JobAlreadyActive',
      message: 'Not starting job because prior execution is running and concurrency policy is Forbid',
      component: COMPONENT,
    });
    return false;
  }
  for (const job of policy === 'Replace' ? running : [])
    cluster.delete(keyOf('jobs.batch', job), { propagation: 'Background', uid: job.metadata.uid });
  const template = objectAt(cron, 'spec', 'jobTemplate');
  const name = `${cron.metadata.name}-${Math.floor(dueMs / 60_000)}`;
  const annotations = {
    ...objectAt(template, 'metadata', 'annotations'),
    'batch.kubernetes.io/cronjob-scheduled-timestamp': cluster.timestamp(dueMs),
  };
  const made = cluster.create(
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        ...objectAt(template, 'metadata'),
        annotations,
        name,
        namespace: namespaceOf(cron),
        ownerReferences: [ownedBy(cron)],
      },
      spec: objectAt(template, 'spec'),
    },
    CONTROLLERS,
  );
  if (made.ok)
    cluster.recordEvent(cron, {
      type: 'Normal',
      reason: 'SuccessfulCreate',
      message: `Created job ${name}`,
      component: COMPONENT,
    });
  else if (made.error.reason !== 'AlreadyExists')
    cluster.recordEvent(cron, {
      type: 'Warning',
      reason: 'FailedCreate',
      message: `Error creating job: ${made.error.message ?? ''}`,
      component: COMPONENT,
    });
  return made.ok || made.error.reason === 'AlreadyExists';
}

/** Deletes finished Jobs beyond the history limits. */
function trim(cron: KubeObject, cluster: Cluster): void {
  const jobs = jobsOf(cron, cluster);
  const keep = {
    Complete: numberAt(cron, 'spec', 'successfulJobsHistoryLimit') ?? 3,
    Failed: numberAt(cron, 'spec', 'failedJobsHistoryLimit') ?? 1,
  };
  for (const kind of ['Complete', 'Failed'] as const) {
    const finished = jobs.filter((job) => over(job) === kind);
    for (const job of finished.slice(0, Math.max(0, finished.length - keep[kind])))
      cluster.delete(keyOf('jobs.batch', job), { propagation: 'Background', uid: job.metadata.uid });
  }
}
