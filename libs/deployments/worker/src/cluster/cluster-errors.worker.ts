import { conflictsOf, KubernetesApiError, KubernetesUnreachableError, plainText } from '#kubernetes';
import type { ClusterError } from './failure.ts';

/** What a rejected call to a cluster means in plain values; undefined for what is not an error of a cluster. */
export function clusterErrorOf(error: unknown): ClusterError | undefined {
  if (error instanceof KubernetesApiError)
    return {
      kind: 'answer',
      status: error.status,
      reason: error.reason,
      message: plainText(error),
      conflicts: conflictsOf(error),
    };
  if (error instanceof KubernetesUnreachableError) return { kind: 'silence', why: error.why, message: error.message };
  return undefined;
}

/** Whether the server no longer takes the credential. */
export const isUnauthorized = (error: unknown): boolean => error instanceof KubernetesApiError && error.status === 401;
