import { DomainErrorException, refuse, type Reply } from '#bus';
import type { ClusterConnection } from '#deployments/contract';
import { domainError, type DomainError } from '#kernel';
import type { KubernetesClient } from '#kubernetes';
import { clusterErrorOf, isUnauthorized } from './cluster-errors.worker.ts';
import { CredentialMissingError, NotInClusterError, type ClusterConnections } from './connections.worker.ts';
import { judgeClusterError } from './failure.ts';

/** Calls a cluster. Errors and timeouts of the cluster are returned as errors; all others are thrown as defects. */
export async function withClusterErrors<T>(
  connections: ClusterConnections,
  cluster: ClusterConnection,
  call: (client: KubernetesClient) => Promise<Reply<T>>,
): Promise<Reply<T>> {
  try {
    return await withClient(connections, cluster, call);
  } catch (error) {
    const refusal = refusalOf(error, cluster);
    if (!refusal) throw error;
    return refuse(refusal);
  }
}

/** Streams from a cluster. The stream ends with an error, or normally when it is cancelled. */
export async function* refusing<T>(
  cluster: ClusterConnection,
  cancelled: AbortSignal,
  source: AsyncIterable<T>,
): AsyncIterable<T> {
  try {
    yield* source;
  } catch (error) {
    if (cancelled.aborted) return;
    const refusal = refusalOf(error, cluster);
    throw refusal ? new DomainErrorException(refusal) : error;
  }
}

/** Runs `work`, and repeats it once with the current credential of the vault if the cluster rejects the cached one. */
export async function withClient<T>(
  connections: ClusterConnections,
  cluster: ClusterConnection,
  call: (client: KubernetesClient) => Promise<T>,
): Promise<T> {
  try {
    return await call(await connections.client(cluster));
  } catch (error) {
    if (!isUnauthorized(error)) throw error;
    connections.renew(cluster.clusterId);
    return call(await connections.client(cluster));
  }
}

/** Returns the error for a failed call to a cluster, or undefined if it is not an error of a cluster. */
function refusalOf(error: unknown, cluster: ClusterConnection): DomainError | undefined {
  if (error instanceof NotInClusterError) {
    return domainError('deployments/not-in-cluster', 'conflict', sentence(error.message), {
      fix: 'install the Helm chart with inCluster.enabled=true, or register with a kubeconfig: astroctl clusters register --cluster-name NAME',
    });
  }
  if (error instanceof CredentialMissingError) {
    return domainError(
      'deployments/cluster-unauthorized',
      'unavailable',
      `No credential is stored for cluster ${cluster.name}.`,
      {
        fix: `astroctl clusters register --cluster-name ${cluster.name}`,
      },
    );
  }
  const fault = clusterErrorOf(error);
  if (!fault) return undefined;
  const verdict = judgeClusterError(fault, cluster.name);
  if (verdict.retry)
    return domainError('deployments/cluster-unreachable', 'unavailable', sentence(verdict.cause), {
      retryAfterSeconds: 5,
    });
  const { code, message, fix } = verdict.failure;
  return domainError(
    code,
    code.startsWith('deployments/cluster-') ? 'unavailable' : 'conflict',
    sentence(message),
    fix === null ? {} : { fix },
  );
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
