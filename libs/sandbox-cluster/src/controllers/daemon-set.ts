import type { Cluster, Controller, Requeue } from '../controller.ts';
import type { KubeObject } from '../store.ts';
import { isDeleting, keyOf, namespaceOf, numberAt, objectAt, ownedBy, textAt, textsAt } from './fields.ts';
import { templateHash } from './hash.ts';
import { ownerKey } from './job.ts';
import { CONTROLLERS, NODE } from './managers.ts';
import { hasEnded, isReady, podFrom, untilAvailable } from './pod-state.ts';
import { hasLabels } from './selectors.ts';

const SETS = 'daemonsets.apps';
const COMPONENT = 'daemonset-controller';
const HASH = 'controller-revision-hash';

/** Keeps one pod of each DaemonSet on the sandbox's node, if its selector of nodes takes that. */
export function daemonSetController(): Controller {
  return {
    name: 'daemonset',
    watches: [{ resource: SETS }, { resource: 'pods', keys: ownerKey('DaemonSet', SETS) }],
    reconcile(key, cluster) {
      const set = cluster.store.get(key);
      if (!set) return undefined;
      const node = cluster.store.get({ resource: 'nodes', namespace: '', name: NODE });
      const fits =
        node !== undefined &&
        hasLabels(node.metadata.labels ?? {}, textsAt(set, 'spec', 'template', 'spec', 'nodeSelector'));
      const revision = templateHash(objectAt(set, 'spec', 'template'));
      if (!isDeleting(set)) step(set, { fits, revision }, cluster);
      return report(cluster.store.get(key) ?? set, { fits, revision }, cluster);
    },
  };
}

interface Wanted {
  readonly fits: boolean;
  readonly revision: string;
}

const podsOf = (set: KubeObject, { store }: Cluster): readonly KubeObject[] =>
  store.list('pods', { namespace: namespaceOf(set), ownerUid: set.metadata.uid });

function step(set: KubeObject, { fits, revision }: Wanted, cluster: Cluster): void {
  const pods = podsOf(set, cluster).filter((pod) => !isDeleting(pod));
  const rolls = textAt(set, 'spec', 'updateStrategy', 'type') !== 'OnDelete';
  const surplus = pods.filter(
    (pod, position) => !fits || position > 0 || hasEnded(pod) || (rolls && pod.metadata.labels?.[HASH] !== revision),
  );
  for (const pod of surplus) {
    cluster.delete(keyOf('pods', pod), { uid: pod.metadata.uid });
    cluster.recordEvent(set, {
      type: 'Normal',
      reason: 'SuccessfulDelete',
      message: `Deleted pod: ${pod.metadata.name}`,
      component: COMPONENT,
    });
  }
  if (!fits || podsOf(set, cluster).length > 0) return;
  const template = objectAt(set, 'spec', 'template');
  const metadata = {
    labels: {
      ...textsAt(template, 'metadata', 'labels'),
      [HASH]: revision,
      'pod-template-generation': String(set.metadata.generation ?? 1),
    },
    ownerReferences: [ownedBy(set)],
  };
  const made = cluster.create(podFrom(template, set, { metadata }), CONTROLLERS);
  if (made.ok)
    cluster.recordEvent(set, {
      type: 'Normal',
      reason: 'SuccessfulCreate',
      message: `Created pod: ${made.value.metadata.name}`,
      component: COMPONENT,
    });
  else
    cluster.recordEvent(set, {
      type: 'Warning',
      reason: 'FailedCreate',
      message: `Error creating: ${made.error.message ?? ''}`,
      component: COMPONENT,
    });
}

function report(set: KubeObject, { fits, revision }: Wanted, cluster: Cluster): Requeue | undefined {
  const pods = podsOf(set, cluster).filter((pod) => !isDeleting(pod));
  const desired = fits ? 1 : 0;
  const waits = pods.map((pod) =>
    untilAvailable(pod, numberAt(set, 'spec', 'minReadySeconds') ?? 0, cluster.clock.now()),
  );
  const available = waits.filter((wait) => wait === 0).length;
  const updated = pods.filter((pod) => pod.metadata.labels?.[HASH] === revision).length;
  const status = {
    currentNumberScheduled: pods.length,
    desiredNumberScheduled: desired,
    numberMisscheduled: 0,
    numberReady: pods.filter(isReady).length,
    ...(set.metadata.generation !== undefined && { observedGeneration: set.metadata.generation }),
    ...(updated > 0 && { updatedNumberScheduled: updated }),
    ...(available > 0 && { numberAvailable: available }),
    ...(available < desired && { numberUnavailable: desired - available }),
  };
  cluster.updateStatus({ ...set, status }, CONTROLLERS);
  const next = Math.min(...waits.map((wait) => (wait !== undefined && wait > 0 ? wait : Infinity)));
  return Number.isFinite(next) ? { afterMs: next } : undefined;
}
