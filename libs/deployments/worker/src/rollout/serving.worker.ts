import { ATTEMPT_ANNOTATION, type InventoryEntry } from '#kubernetes';
import { at, list, text } from '../cluster/json.ts';
import { REPLICA_SET } from '../cluster/kinds.ts';
import { liveObject } from '../cluster/workloads.worker.ts';
import { toContract } from './inventory.ts';
import type { Run } from './run.worker.ts';
import { revisionOfMark, servingText } from './steps.ts';

/**
 * Returns what serves while this revision does not. Null if no Deployment shows it, or the cluster does not respond.
 */
export async function serving(run: Run, entries: readonly InventoryEntry[]): Promise<string | null> {
  const deployments = entries.filter(({ key }) => key.group === 'apps' && key.kind === 'Deployment').map(toContract);
  const first = deployments.find(({ name }) => name === run.task.applicationName) ?? deployments[0];
  if (!first) return null;
  try {
    const client = await run.ports.connections.client(run.task.cluster);
    const deployment = await liveObject(client, first);
    if (!deployment) return 'No revision is serving traffic';
    const { items } = await client.list(REPLICA_SET, { namespace: first.namespace, deadlineMs: 5_000 });
    const owned = items.filter(({ metadata }) =>
      list(metadata['ownerReferences']).some((owner) => text(at(owner, 'uid')) === deployment.metadata.uid),
    );
    return servingText(deployment, owned, ({ metadata }) => revisionOfMark(metadata.annotations?.[ATTEMPT_ANNOTATION]));
  } catch (error) {
    run.ports.logger.info(
      { attemptId: run.task.attemptId, err: String(error) },
      'the serving revision could not be determined',
    );
    return null;
  }
}
