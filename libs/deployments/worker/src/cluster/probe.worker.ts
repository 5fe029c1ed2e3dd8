import type { KubernetesClient } from '#kubernetes';
import { clusterErrorOf } from './cluster-errors.worker.ts';
import { NODE } from './kinds.ts';
import { NEEDED_RIGHTS } from './probe.ts';

/** Version and size of a cluster. */
export interface ClusterFacts {
  readonly version: string;
  /** Null if the credential may not list nodes. */
  readonly nodes: number | null;
}

/** Returns version and number of nodes. */
export async function clusterFacts(client: KubernetesClient): Promise<ClusterFacts> {
  const [version, nodes] = await Promise.all([client.version(), countNodes(client)]);
  return { version, nodes };
}

/** Returns descriptions of the missing permissions, most important first. */
export async function missingRights(client: KubernetesClient): Promise<readonly string[]> {
  const answers = await Promise.all(
    NEEDED_RIGHTS.map(async ({ words, ...question }) => ((await client.mayI(question)).allowed ? [] : [words])),
  );
  return answers.flat();
}

async function countNodes(client: KubernetesClient): Promise<number | null> {
  try {
    return await client.count(NODE);
  } catch (error) {
    const fault = clusterErrorOf(error);
    if (fault?.kind === 'answer' && fault.status === 403) return null;
    throw error;
  }
}
