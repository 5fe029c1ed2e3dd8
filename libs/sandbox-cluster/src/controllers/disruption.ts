import type { Json } from '#kernel';
import type { Change, KubeObject, ObjectKey, StoreReader } from '../store.ts';
import type { Cluster, Controller } from '../controller.ts';
import { conditionsOf, withCondition } from './conditions.ts';
import { at, controllerOf, isDeleting, keyOf, namespaceOf, numberAt, objectAt, textsAt } from './fields.ts';
import { selectorIndex } from './follow.ts';
import { CONTROLLERS } from './managers.ts';
import { isActive, isReady } from './pod-state.ts';
import { selected, selects } from './selectors.ts';

const BUDGETS = 'poddisruptionbudgets.policy';

/** Computes how many pods each disruption budget allows to be evicted. */
export function disruptionBudgets(): Controller {
  const index = selectorIndex(BUDGETS, (budget) => textsAt(budget, 'spec', 'selector', 'matchLabels'));
  return {
    name: 'disruption',
    watches: [{ resource: BUDGETS }, { resource: 'pods', keys: (change, store) => budgetsOf(change, store) }],
    reconcile(key, cluster) {
      const budget = cluster.store.get(key);
      if (budget && !isDeleting(budget)) count(budget, cluster);
      return undefined;
    },
  };

  function budgetsOf({ object }: Change, store: StoreReader): readonly ObjectKey[] {
    const labels = object.metadata.labels ?? {};
    return index
      .candidates(store, namespaceOf(object), labels)
      .filter((budget) => selects(objectAt(budget, 'spec', 'selector'), labels))
      .map((budget) => keyOf(BUDGETS, budget));
  }
}

/** Resolves a number of pods, or a percentage of them rounded up. */
const resolved = (value: Json | undefined, of: number): number | undefined =>
  typeof value === 'number'
    ? value
    : typeof value === 'string' && value.endsWith('%')
      ? Math.ceil((Number(value.slice(0, -1)) * of) / 100)
      : undefined;

/** Returns the number of replicas that the pods' owners specify. Pods without an owner count one each. */
function expectedOf(pods: readonly KubeObject[], { store }: Cluster): number {
  const owners = new Map<string, number>();
  let single = 0;
  for (const pod of pods) {
    const owner = controllerOf(pod);
    if (!owner) single += 1;
    else if (!owners.has(owner.uid)) {
      const found = store.byUid(owner.uid)?.object;
      const above = found && controllerOf(found);
      const top = above ? (store.byUid(above.uid)?.object ?? found) : found;
      if (top) owners.set(top.metadata.uid, numberAt(top, 'spec', 'replicas') ?? 1);
    }
  }
  return [...owners.values()].reduce((sum, replicas) => sum + replicas, single);
}

function count(budget: KubeObject, cluster: Cluster): void {
  const pods = selected(cluster.store, 'pods', namespaceOf(budget), at(budget, 'spec', 'selector')).filter(isActive);
  const [least, most] = [at(budget, 'spec', 'minAvailable'), at(budget, 'spec', 'maxUnavailable')];
  const expected = most !== undefined || typeof least === 'string' ? expectedOf(pods, cluster) : pods.length;
  const desired =
    most !== undefined
      ? Math.max(0, expected - (resolved(most, expected) ?? 0))
      : (resolved(least ?? 1, expected) ?? 0);
  const healthy = pods.filter(isReady).length;
  const allowed = expected <= 0 ? 0 : Math.max(0, healthy - desired);
  const conditions = withCondition(
    conditionsOf(budget.status),
    {
      type: 'DisruptionAllowed',
      status: allowed > 0 ? 'True' : 'False',
      reason: allowed > 0 ? 'SufficientPods' : 'InsufficientPods',
      message: '',
    },
    cluster.timestamp(),
    { observedGeneration: budget.metadata.generation },
  );
  const status = {
    ...budget.status,
    currentHealthy: healthy,
    desiredHealthy: desired,
    disruptionsAllowed: allowed,
    expectedPods: expected,
    observedGeneration: budget.metadata.generation,
    conditions,
  };
  cluster.updateStatus({ ...budget, status }, CONTROLLERS);
}
