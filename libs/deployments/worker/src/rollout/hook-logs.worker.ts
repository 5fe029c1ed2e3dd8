import type { KubernetesClient, KubernetesObject } from '#kubernetes';
import { livePods } from '../cluster/workloads.worker.ts';
import { containerToRead, withoutValues } from './hook-failure.ts';

const LINES = 5;
const LOG_BYTES = 16_384;
const READ_MS = 5_000;

/**
 * Returns the last lines of the log of a Job's newest pod, or of a pod. None if there is no log, or if it cannot be
 * read, since the failure is reported in any case.
 * @param hidden values that the lines must not contain
 */
export async function logTail(
  client: KubernetesClient,
  hook: KubernetesObject,
  hidden: readonly string[],
): Promise<readonly string[]> {
  try {
    const pods = await livePods(client, [hook]);
    const created = ({ metadata }: KubernetesObject) => metadata.creationTimestamp ?? '';
    const pod = pods.toSorted((a, b) => (created(a) < created(b) ? 1 : -1))[0];
    const container = pod && containerToRead(pod);
    if (!pod || container === undefined) return [];
    const lines: string[] = [];
    const options = { container, tailLines: LINES, limitBytes: LOG_BYTES, deadlineMs: READ_MS };
    for await (const line of client.logs(pod.metadata.namespace ?? '', pod.metadata.name, options)) lines.push(line);
    return withoutValues(lines.slice(-LINES), hidden);
  } catch {
    return [];
  }
}
