import { parseEgressPolicy } from '#egress';
import { pause, silentLogger } from '#kernel';
import { createKubernetesClient, type KubernetesClient, type KubernetesObject } from '#kubernetes';
import { systemClock, systemIds } from '#runtime/system';

/** Runs a kubectl command. Rejects if it fails. */
export type Kubectl = (args: readonly string[]) => Promise<string>;

const GROUP_VERSION = 'kafka.example.com/v1';
const POLL_MS = 200;
const MANAGER = 'kafka-operator';

/**
 * Runs a small operator of `examples/kafka`: each KafkaNodePool becomes a StatefulSet that belongs to it, and all custom
 * resources are Ready when the pods of their Kafka are.
 *
 * @returns a function that ends it
 */
export function startKafkaOperator(
  { server, token, ca }: { readonly server: string; readonly token: string; readonly ca: string },
  kubectl: Kubectl,
): () => Promise<void> {
  const egress = parseEgressPolicy('127.0.0.0/8 ::1');
  if (!egress.ok) throw new Error(egress.error.detail);
  const client = createKubernetesClient({
    server,
    ca,
    credential: { token },
    egress: egress.value,
    clock: systemClock,
    ids: systemIds,
    log: silentLogger,
  });
  const stopping = new AbortController();
  const reconciling = (async () => {
    while (!stopping.signal.aborted) {
      await reconcile(client, kubectl).catch(() => undefined); // tried again, as by any operator
      await pause(systemClock, POLL_MS, stopping.signal);
    }
  })();
  return () => {
    stopping.abort();
    return reconciling.finally(() => client.close());
  };
}

async function reconcile(client: KubernetesClient, kubectl: Kubectl): Promise<void> {
  const listed = async (kind: string): Promise<readonly KubernetesObject[]> => {
    const { find } = await client.discovery({ maxAgeMs: 1_000 });
    const type = find(kind === 'StatefulSet' ? 'apps/v1' : GROUP_VERSION, kind);
    return type ? (await client.list(type)).items : [];
  };
  const [kafkas, pools, topics, sets] = await Promise.all(
    ['Kafka', 'KafkaNodePool', 'KafkaTopic', 'StatefulSet'].map(listed),
  );
  if (!kafkas || !pools || !topics || !sets) return;
  for (const pool of pools) await ensureBrokers(client, pool);
  const isReady = (name: unknown): boolean =>
    pools.some((pool) => specOf(pool)['kafka'] === name) &&
    pools.every((pool) => specOf(pool)['kafka'] !== name || hasPods(pool, sets));
  for (const [kind, objects] of [
    ['kafkas', kafkas] as const,
    ['kafkanodepools', pools] as const,
    ['kafkatopics', topics] as const,
  ])
    for (const object of objects)
      await setReady(
        kubectl,
        kind,
        object,
        isReady(kind === 'kafkas' ? object.metadata.name : specOf(object)['kafka']),
      );
}

const specOf = ({ spec }: KubernetesObject) => spec as Readonly<Record<string, unknown>>;
const setName = ({ metadata }: KubernetesObject): string => `kafka-${metadata.name}`;

function hasPods(pool: KubernetesObject, sets: readonly KubernetesObject[]): boolean {
  const set = sets.find(
    ({ metadata }) => metadata.name === setName(pool) && metadata.namespace === pool.metadata.namespace,
  );
  return (set?.['status'] as { readyReplicas?: number } | undefined)?.readyReplicas === specOf(pool)['replicas'];
}

async function ensureBrokers(client: KubernetesClient, pool: KubernetesObject): Promise<void> {
  const { name, namespace, uid } = pool.metadata;
  if (pool.metadata.deletionTimestamp !== undefined || namespace === undefined) return;
  const labels = { pool: name };
  const container = {
    name: 'kafka',
    image: 'images.example.com/kafka:4.1.0',
    resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '100m', memory: '128Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      runAsNonRoot: true,
      runAsUser: 1000,
      capabilities: { drop: ['ALL'] },
    },
  };
  const { find } = await client.discovery();
  const type = find('apps/v1', 'StatefulSet');
  if (!type) throw new Error('the cluster serves no StatefulSets');
  await client.apply(
    type,
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: {
        name: setName(pool),
        namespace,
        ownerReferences: [{ apiVersion: GROUP_VERSION, kind: 'KafkaNodePool', name, uid, controller: true }],
      },
      spec: {
        serviceName: setName(pool),
        replicas: specOf(pool)['replicas'],
        podManagementPolicy: 'Parallel',
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [container], securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
        },
      },
    },
    { fieldManager: MANAGER, force: true },
  );
}

/** Writes the condition Ready, if it has changed. */
async function setReady(kubectl: Kubectl, plural: string, object: KubernetesObject, isReady: boolean): Promise<void> {
  const { name, namespace = '', generation } = object.metadata;
  const known = object['status'] as
    { readonly observedGeneration?: number; readonly conditions?: readonly { readonly status: string }[] } | undefined;
  const status = isReady ? 'True' : 'False';
  if (known?.observedGeneration === generation && known?.conditions?.[0]?.status === status) return;
  const condition = { type: 'Ready', status, ...(!isReady && { reason: 'Creating', message: 'brokers are starting' }) };
  const patch = JSON.stringify({ status: { observedGeneration: generation, conditions: [condition] } });
  const where = ['-n', namespace, `${plural}.kafka.example.com`, name];
  // The object may be deleted in the meantime.
  await kubectl(['patch', '--subresource=status', '--type=merge', '-p', patch, ...where]).catch(() => '');
}
