import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import type { KubernetesClient } from '../client.ts';
import { createKubernetesClient } from '../create-client.ts';
import { TYPES } from '../discovery.ts';
import { parseEgressPolicy } from '#egress';
import { readKubeconfig } from '../kubeconfig.ts';
import type { KubernetesObject } from '../objects.ts';

/** Connects to the cluster of a kubeconfig as its administrator, for tests. */
export function openRealCluster(kubeconfig: string): KubernetesClient {
  const read = readKubeconfig(readFileSync(kubeconfig, 'utf8'));
  const egress = parseEgressPolicy('127.0.0.0/8 ::1');
  if (!read.ok) throw new Error(read.error.detail);
  if (!egress.ok) throw new Error(egress.error.detail);
  const { server, ca, tlsServerName, credential } = read.value;
  return createKubernetesClient({
    server,
    credential,
    egress: egress.value,
    clock: systemClock,
    ids: systemIds,
    log: silentLogger,
    ratePerSecond: 500,
    ...(ca !== undefined && { ca }),
    ...(tlsServerName !== undefined && { tlsServerName }),
  });
}

/** Creates a namespace with a unique name. */
export async function makeNamespace(
  client: KubernetesClient,
  labels: Readonly<Record<string, string>> = {},
): Promise<string> {
  const name = `test-${randomUUID().slice(0, 8)}`;
  const namespace: KubernetesObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
  await client.create(TYPES.namespace, namespace, { fieldManager: 'test' });
  return name;
}
