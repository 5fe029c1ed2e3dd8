import { FIELD_MANAGER, type InventoryEntry } from '#kubernetes';
import { typeOf } from '../cluster/workloads.worker.ts';
import { toContract } from './inventory.ts';
import type { Run } from './run.worker.ts';

/** Kinds that replace their pods one after the other when their template changes. */
const ROLLED = new Set(['Deployment', 'StatefulSet', 'DaemonSet']);
/** The annotation of `kubectl rollout restart`. */
const ANNOTATION = 'kubectl.kubernetes.io/restartedAt';
/** Separate field manager, so that applies do not remove the annotation. */
const MANAGER = `${FIELD_MANAGER}-restart`;

/** Replaces the pods of all workloads if the attempt requests it. Repeats of the same attempt write the same value. */
export async function restart(run: Run, applied: readonly InventoryEntry[]): Promise<void> {
  const { restart: at } = run.task;
  if (at === undefined) return;
  const body = { spec: { template: { metadata: { annotations: { [ANNOTATION]: at } } } } };
  for (const entry of applied) {
    const { group, kind, name, namespace } = entry.key;
    if (group !== 'apps' || !ROLLED.has(kind)) continue;
    run.throwIfClaimEnds();
    await run.call(async (client) => {
      const type = await typeOf(client, toContract(entry));
      if (!type) return;
      const where = { name, ...(namespace !== undefined && { namespace }) };
      await client.patch(type, where, { kind: 'merge', body }, { fieldManager: MANAGER, deadlineMs: run.writeMs() });
    });
  }
}
