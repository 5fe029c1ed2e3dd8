import {
  FIELD_MANAGER,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  NAMESPACE_LABEL,
  type KubernetesClient,
  type KubernetesObject,
} from '#kubernetes';
import { NAMESPACE } from '../cluster/kinds.ts';
import { AttemptFailedError } from './cluster-calls.worker.ts';
import { isOwnedBy, namespaceObject, otherOwner, planNamespace } from './namespace.ts';
import type { Run } from './run.worker.ts';

const MARKS = { label: NAMESPACE_LABEL, managedBy: { key: MANAGED_BY_LABEL, value: MANAGED_BY } };

/** Creates the target namespace if it is missing. The server cannot validate objects in a missing namespace. */
export async function ensureNamespace(run: Run): Promise<void> {
  const { task } = run;
  const wanted = namespaceObject(task.targetNamespace, task.organizationId, task.cluster.policy.podSecurity, MARKS);
  await run.call(async (client) => {
    const live = await client.get(NAMESPACE, task.targetNamespace);
    const plan = planNamespace(live, wanted, task.organizationId, NAMESPACE_LABEL);
    if (live && plan === 'refuse') throw taken(live, run);
    if (plan === 'wait') throw terminating(task.targetNamespace, task.cluster.name);
    if (plan === 'leave') return;
    run.throwIfClaimEnds();
    const { object } = await client.apply(NAMESPACE, wanted, {
      fieldManager: FIELD_MANAGER,
      force: plan === 'label',
      deadlineMs: run.writeMs(),
    });
    if (object.metadata.deletionTimestamp !== undefined) throw terminating(task.targetNamespace, task.cluster.name);
  });
}

/**
 * Returns whether the namespace is deleted with its last application: only if the platform created it and it contains
 * no other objects.
 */
export async function mayRemove(
  client: KubernetesClient,
  { task }: Run,
): Promise<{ readonly uid: string } | undefined> {
  const live = await client.get(NAMESPACE, task.targetNamespace);
  if (!live || !task.ownsNamespace || !isOwnedBy(live, task.organizationId, NAMESPACE_LABEL)) return undefined;
  return live.metadata.uid === undefined ? undefined : { uid: live.metadata.uid };
}

const taken = (live: KubernetesObject, { task }: Run) =>
  new AttemptFailedError({
    code: 'deployments/namespace-taken',
    message: `namespace ${task.targetNamespace} on cluster ${task.cluster.name} belongs to organization ${otherOwner(live, task.organizationId, NAMESPACE_LABEL)}`,
    fix: `choose another namespace; or, if it is no longer used, remove its label: kubectl label namespace ${task.targetNamespace} ${NAMESPACE_LABEL}-`,
  });

const terminating = (namespace: string, cluster: string) =>
  new AttemptFailedError({
    code: 'deployments/namespace-terminating',
    message: `namespace ${namespace} is being deleted on cluster ${cluster}`,
    fix: 'wait until it is deleted, then apply again; this creates it again',
  });
