import { KubernetesApiError, type KubernetesClient } from './client.ts';
import { TYPES } from './discovery.ts';
import { podViolations } from '#kubernetes/pod-security';
import { POD_CASES, podOfCase } from './testing/pod-cases.ts';
import { makeNamespace, openRealCluster } from './testing/real-cluster.ts';

const kubeconfig = process.env['ASTRO_TEST_KUBECONFIG'];
if (kubeconfig) describe('our Pod Security rules against the admission of a real Kubernetes', () => judged(kubeconfig));
else
  describe.skip('our Pod Security rules against a real Kubernetes: ASTRO_TEST_KUBECONFIG is not set', () =>
    it('was not tested', () => {}));

function judged(path: string): void {
  let client: KubernetesClient;
  const namespaces: Record<string, string> = {};
  beforeAll(async () => {
    client = openRealCluster(path);
    for (const level of ['baseline', 'restricted']) {
      const name = await makeNamespace(client, { 'pod-security.kubernetes.io/enforce': level });
      await client.apply(
        TYPES.serviceAccount,
        { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } },
        { fieldManager: 'test', force: true },
      );
      namespaces[level] = name;
    }
  });
  afterAll(async () => {
    for (const name of Object.values(namespaces)) await client.delete(TYPES.namespace, { name });
    client.close();
  });

  it.each(['baseline', 'restricted'] as const)(
    'agree on every pod at level %s',
    async (level) => {
      const differences: string[] = [];
      for (const given of POD_CASES) {
        const pod = {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'p', namespace: namespaces[level] ?? '', annotations: given.annotations ?? {} },
          spec: podOfCase(given),
        };
        const refused = await client.create(TYPES.pod, pod, { fieldManager: 'test', dryRun: true }).then(
          () => false,
          (error: unknown) => {
            if (
              error instanceof KubernetesApiError &&
              error.status === 403 &&
              error.message.includes('violates PodSecurity')
            )
              return true;
            throw new Error(`${given.name}: ${String(error)}`, { cause: error });
          },
        );
        const ours = podViolations(podOfCase(given), level, given.annotations).length > 0;
        const isDeliberatelyWeaker = given.serverFits !== undefined && !refused && ours;
        if (refused !== ours && !isDeliberatelyWeaker)
          differences.push(
            `${given.name}: the server ${refused ? 'refuses' : 'allows'}, we ${ours ? 'refuse' : 'allow'}`,
          );
      }
      expect(differences).toEqual([]);
    },
    60_000,
  );
}
