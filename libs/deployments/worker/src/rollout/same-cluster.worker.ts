import { NAMESPACE } from '../cluster/kinds.ts';
import { AttemptFailedError } from './cluster-calls.worker.ts';
import type { Run } from './run.worker.ts';

/**
 * Ends the attempt if the address leads to another cluster than the registered one, or to one that was restored into a
 * new one. What is recorded about its objects does not apply there.
 */
export async function throwIfOtherCluster(run: Run): Promise<void> {
  const { uid, name } = run.task.cluster;
  if (uid === undefined) return;
  const system = await run.call((client) => client.get(NAMESPACE, 'kube-system'));
  if (system?.metadata.uid === uid) return;
  throw new AttemptFailedError({
    code: 'deployments/other-cluster',
    message: `the address of cluster ${name} leads to another cluster, or to one that was set up again`,
    fix: `register the new cluster under another name: astroctl clusters register`,
  });
}
