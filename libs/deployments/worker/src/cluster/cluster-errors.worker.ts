import { conflictsOf, KubernetesApiError, KubernetesUnreachableError, plainText } from '#kubernetes';
import type { ClusterError } from './failure.ts';

/** Converts an error of a cluster to plain data. Returns undefined for other errors. */
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

/** Returns whether the server rejected the credential. */
export const isUnauthorized = (error: unknown): boolean => error instanceof KubernetesApiError && error.status === 401;
