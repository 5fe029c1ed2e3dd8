import type { JsonObject } from '#kernel';
import type { Cluster, Requeue } from '../controller.ts';
import type { KubeObject } from '../store.ts';
import { conditionIn, conditionsOf, withNewestCondition, withoutCondition } from './conditions.ts';
import { numberAt, textAt, timeOf } from './fields.ts';
import { counted, limits, total, wanted } from './deployment-math.ts';
import { CONTROLLERS } from './managers.ts';

/** Returns whether every replica has the new template and is available. */
export const isComplete = (deployment: KubeObject, status: JsonObject): boolean => {
  const replicas = wanted(deployment);
  return (
    status['updatedReplicas'] === replicas &&
    status['replicas'] === replicas &&
    status['availableReplicas'] === replicas &&
    status['observedGeneration'] === deployment.metadata.generation
  );
};

/** Computes the replica counts of a Deployment and its Available condition. */
function countsOf(
  deployment: KubeObject,
  all: readonly KubeObject[],
  newSet: KubeObject | undefined,
  now: string,
): JsonObject {
  const available = total(all, (set) => counted(set, 'availableReplicas'));
  const replicas = total(all, (set) => counted(set, 'replicas'));
  const enough = available >= wanted(deployment) - limits(deployment).unavailable;
  return {
    ...(deployment.metadata.generation !== undefined && { observedGeneration: deployment.metadata.generation }),
    replicas,
    updatedReplicas: newSet ? counted(newSet, 'replicas') : 0,
    readyReplicas: total(all, (set) => counted(set, 'readyReplicas')),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, total(all, wanted) - available),
    terminatingReplicas: total(all, (set) => counted(set, 'terminatingReplicas')),
    ...(numberAt(deployment, 'status', 'collisionCount') !== undefined && {
      collisionCount: numberAt(deployment, 'status', 'collisionCount'),
    }),
    conditions: withNewestCondition(
      conditionsOf(deployment.status),
      enough
        ? {
            type: 'Available',
            status: 'True',
            reason: 'MinimumReplicasAvailable',
            message: 'Deployment has minimum availability.',
          }
        : {
            type: 'Available',
            status: 'False',
            reason: 'MinimumReplicasUnavailable',
            message: 'Deployment does not have minimum availability.',
          },
      now,
    ),
  };
}

const count = (status: JsonObject | undefined, field: string): number => numberAt(status, field) ?? 0;

/** Returns whether a rollout progressed between two statuses. */
const hasProgressed = (before: JsonObject | undefined, after: JsonObject): boolean =>
  count(after, 'updatedReplicas') > count(before, 'updatedReplicas') ||
  count(after, 'replicas') - count(after, 'updatedReplicas') <
    count(before, 'replicas') - count(before, 'updatedReplicas') ||
  count(after, 'readyReplicas') > count(before, 'readyReplicas') ||
  count(after, 'availableReplicas') > count(before, 'availableReplicas');

/** Removes counts of zero, which a real server omits as well. */
const written = (status: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(status).filter(
      ([name, value]) => value !== 0 || name === 'terminatingReplicas' || name === 'collisionCount',
    ),
  );

/** Writes only the counts. A Deployment that is paused, scaled, or deleted makes no progress. */
export function writeCounts(
  deployment: KubeObject,
  all: readonly KubeObject[],
  newSet: KubeObject | undefined,
  cluster: Cluster,
): void {
  cluster.updateStatus(
    { ...deployment, status: written(countsOf(deployment, all, newSet, cluster.timestamp())) },
    CONTROLLERS,
  );
}

/**
 * Writes the counts and the progress of the rollout.
 * @returns when its deadline must be checked
 */
export function writeProgress(
  deployment: KubeObject,
  all: readonly KubeObject[],
  newSet: KubeObject | undefined,
  cluster: Cluster,
): Requeue | undefined {
  const now = cluster.timestamp();
  const status = countsOf(deployment, all, newSet, now);
  const deadline = numberAt(deployment, 'spec', 'progressDeadlineSeconds');
  let conditions = conditionsOf(status);
  const current = conditionIn(conditions, 'Progressing');
  const finished =
    status['replicas'] === status['updatedReplicas'] && textAt(current, 'reason') === 'NewReplicaSetAvailable';
  const subject = newSet ? `ReplicaSet "${newSet.metadata.name}"` : `Deployment "${deployment.metadata.name}"`;
  const progressing = (state: 'True' | 'False', reason: string, message: string) =>
    withNewestCondition(conditions, { type: 'Progressing', status: state, reason, message }, now);
  if (deadline === undefined) conditions = withoutCondition(conditions, 'Progressing');
  else if (!finished) {
    if (isComplete(deployment, status))
      conditions = progressing('True', 'NewReplicaSetAvailable', `${subject} has successfully progressed.`);
    else if (hasProgressed(deployment.status, status))
      conditions = stepped(conditions, `${subject} is progressing.`, now);
    else if (timedOut(current, deadline, cluster.clock.now()))
      conditions = progressing('False', 'ProgressDeadlineExceeded', `${subject} has timed out progressing.`);
  }
  const failure = all
    .map((set) => conditionIn(conditionsOf(set.status), 'ReplicaFailure'))
    .find((found) => found !== undefined);
  conditions = failure
    ? withNewestCondition(
        conditions,
        {
          type: 'ReplicaFailure',
          status: 'True',
          reason: textAt(failure, 'reason') ?? 'FailedCreate',
          message: textAt(failure, 'message') ?? '',
        },
        now,
      )
    : withoutCondition(conditions, 'ReplicaFailure');
  cluster.updateStatus({ ...deployment, status: written({ ...status, conditions }) }, CONTROLLERS);
  return untilDeadline(conditionIn(conditions, 'Progressing'), deadline, cluster.clock.now());
}

/** Records progress. This restarts the deadline even if the message is the same. */
function stepped(conditions: readonly JsonObject[], message: string, now: string): readonly JsonObject[] {
  const current = conditionIn(conditions, 'Progressing');
  const since = textAt(current, 'status') === 'True' ? current?.['lastTransitionTime'] : undefined;
  const next = {
    type: 'Progressing',
    status: 'True',
    lastUpdateTime: now,
    lastTransitionTime: since ?? now,
    reason: 'ReplicaSetUpdated',
    message,
  };
  return [...withoutCondition(conditions, 'Progressing'), next];
}

function timedOut(current: JsonObject | undefined, deadlineSeconds: number, nowMs: number): boolean {
  if (!current || textAt(current, 'reason') === 'NewReplicaSetAvailable') return false;
  if (textAt(current, 'reason') === 'ProgressDeadlineExceeded') return true;
  return timeOf(textAt(current, 'lastUpdateTime')) + deadlineSeconds * 1000 < nowMs;
}

/** Returns the time of the deadline. One second is added because stored times have whole seconds. */
function untilDeadline(
  current: JsonObject | undefined,
  deadlineSeconds: number | undefined,
  nowMs: number,
): Requeue | undefined {
  if (
    !current ||
    deadlineSeconds === undefined ||
    !['ReplicaSetUpdated', 'NewReplicaSetCreated', 'FoundNewReplicaSet', 'DeploymentResumed'].includes(
      textAt(current, 'reason') ?? '',
    )
  )
    return undefined;
  return { afterMs: Math.max(1, timeOf(textAt(current, 'lastUpdateTime')) + deadlineSeconds * 1000 - nowMs + 1000) };
}
