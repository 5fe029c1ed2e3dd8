import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { eventually, runProgram, SERVICES, temporaryFolder } from '#testing';
import { z } from 'zod';
import { CHART, DISTRIBUTED, helm, INSTALLATIONS, NEEDED, rendered, type Values } from './chart.fixture.ts';

const kubeconfig = process.env['ASTRO_TEST_KUBECONFIG'];

if (kubeconfig) describe('the Helm chart on a real Kubernetes', () => onCluster(kubeconfig));
else
  describe.skip('the Helm chart on a real Kubernetes: ASTRO_TEST_KUBECONFIG is not set', () =>
    it('was not tested', () => {}));

const podList = z.looseObject({
  items: z.array(
    z.looseObject({
      metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }),
      status: z.looseObject({
        conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).optional(),
      }),
    }),
  ),
});

function onCluster(path: string): void {
  const root = join(import.meta.dirname, '..', '..');
  const home = temporaryFolder();
  const environment = { KUBECONFIG: path, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home };
  const suffix = randomUUID().slice(0, 8);
  const namespaces: string[] = [];
  const volumes: string[] = [];

  const kubectl = async (args: readonly string[], object?: unknown): Promise<string> => {
    const done = await runProgram(join(root, 'node_modules', '.bin', 'kubectl'), args, {
      environment,
      ...(object !== undefined && { input: JSON.stringify(object) }),
    });
    if (done.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${done.stderr}`);
    return done.stdout;
  };
  /** Creates a namespace that accepts only pods of the level `restricted`. */
  const restrictedNamespace = async (name: string): Promise<string> => {
    const namespace = `astro-chart-${name}-${suffix}`;
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    namespaces.push(namespace);
    await kubectl(['create', '-f', '-'], {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels },
    });
    return namespace;
  };
  /** Creates a volume, because the cluster has no provisioner. */
  const volume = async (storageClassName: string): Promise<void> => {
    volumes.push(storageClassName);
    await kubectl(['create', '-f', '-'], {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: storageClassName },
      spec: {
        storageClassName,
        capacity: { storage: '20Gi' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        hostPath: { path: `/tmp/${storageClassName}` },
      },
    });
  };
  const install = (namespace: string, values: Values) =>
    helm(['install', 'astro', CHART, '--namespace', namespace, '--values', '-'], values, environment);
  /** Returns the component of each pod that is ready. */
  const readyPods = async (namespace: string): Promise<readonly string[]> => {
    const { items } = podList.parse(JSON.parse(await kubectl(['get', 'pods', '-n', namespace, '-o', 'json'])));
    return items
      .filter(({ status }) => status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'))
      .map(({ metadata }) => metadata.labels['app.kubernetes.io/component'] ?? '')
      .toSorted();
  };

  afterAll(async () => {
    for (const namespace of namespaces) {
      await helm(['uninstall', 'astro', '--namespace', namespace], undefined, environment);
      await kubectl(['delete', 'namespace', namespace, '--wait=false']);
    }
    for (const name of volumes) await kubectl(['delete', 'persistentvolume', name, '--wait=false']);
  });

  it.each(Object.entries(INSTALLATIONS))(
    'renders objects that the API server accepts with strict validation: %s',
    async (_name, values) => {
      const namespace = await restrictedNamespace('dry');
      try {
        for (const object of await rendered(values)) {
          const metadata = { ...object.metadata, name: `${object.metadata.name}-${suffix}` };
          await kubectl(['create', '--namespace', namespace, '--dry-run=server', '--validate=strict', '-f', '-'], {
            ...object,
            metadata,
          });
        }
      } finally {
        namespaces.splice(namespaces.indexOf(namespace), 1);
        await kubectl(['delete', 'namespace', namespace]);
      }
    },
  );

  it('installs the embedded profile in a namespace that accepts only restricted pods', async () => {
    const namespace = await restrictedNamespace('embedded');
    const storageClass = `chart-embedded-${suffix}`;
    await volume(storageClass);
    const done = await install(namespace, { ...NEEDED, embedded: { storage: { storageClass } } });
    expect([done.code, done.stderr]).toEqual([0, expect.not.stringContaining('would violate PodSecurity')]);
    expect(done.stdout).toContain('npx https://astro.acme.dev/download/astroctl.tgz auth login');
    expect(done.stdout).toContain(`exec sts/astro -- cat /var/lib/astro/data/initial-admin-password`);
    await eventually(async () => expect(await readyPods(namespace)).toEqual(['platform']), 60_000);
  });

  it('installs the distributed profile in such a namespace, with inCluster.enabled', async () => {
    const namespace = await restrictedNamespace('distributed');
    const storageClass = `chart-distributed-${suffix}`;
    await volume(storageClass);
    for (const name of ['event-store', 'mongodb', 'sealing-keys', 'access', 'admin'])
      await kubectl(['create', 'secret', 'generic', name, '--namespace', namespace, '--from-literal=url=example']);
    const done = await install(namespace, {
      ...DISTRIBUTED,
      inCluster: { enabled: true },
      distributed: { ...DISTRIBUTED.distributed, sandbox: { storage: { storageClass } } },
    });
    expect([done.code, done.stderr]).toEqual([0, expect.not.stringContaining('would violate PodSecurity')]);
    const single = ['identity', 'sandbox-cluster'];
    const expected = SERVICES.flatMap((service) => (single.includes(service) ? [service] : [service, service]));
    await eventually(async () => expect(await readyPods(namespace)).toEqual(expected.toSorted()), 60_000);

    const worker = `system:serviceaccount:${namespace}:astro-in-cluster`;
    const may = await kubectl(['auth', 'can-i', 'create', 'namespaces', `--as=${worker}`]);
    expect(may.trim()).toBe('yes');
    const upgraded = await helm(
      ['upgrade', 'astro', CHART, '--namespace', namespace, '--reuse-values', '--set', 'inCluster.enabled=false'],
      undefined,
      environment,
    );
    expect([upgraded.code, upgraded.stderr]).toEqual([0, expect.not.stringContaining('would violate PodSecurity')]);
    await expect(kubectl(['auth', 'can-i', 'create', 'namespaces', `--as=${worker}`])).rejects.toThrow();
  });
}
