import { KubernetesApiError, type KubernetesClient, type ListOptions } from './client.ts';
import { clusterOffers } from './cluster-offers.ts';
import type { KubernetesObject, ResourceType } from './objects.ts';
import type { ImageWorkload } from './workload.ts';

const workload: ImageWorkload = {
  rendering: 2,
  name: 'web',
  targetNamespace: 'acme-web',
  image: 'web:1',
  ports: [],
  env: [],
  secrets: {},
  resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '1Gi' } },
  replicas: 3,
  volumes: [],
  configFiles: [],
  spread: 'hard',
  priority: 'critical',
  host: 'web.acme.dev',
  labels: {},
};

const named = (name: string, annotations: Record<string, string> = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Any',
  metadata: { name, annotations },
});
const refused = (status: number) => new KubernetesApiError({ status, reason: '', message: 'refused' });

/** A cluster with the given objects by resource. An error is thrown in place of objects. Records the requests. */
function cluster(has: Readonly<Record<string, readonly KubernetesObject[] | Error>>, gitVersion = 'v1.34.2+k3s1') {
  const requests: string[] = [];
  const found = ({ resource }: ResourceType): Promise<readonly KubernetesObject[]> => {
    requests.push(resource);
    const objects = has[resource] ?? [];
    return objects instanceof Error ? Promise.reject(objects) : Promise.resolve(objects);
  };
  const client: Pick<KubernetesClient, 'version' | 'get' | 'list'> = {
    version: () => Promise.resolve(gitVersion),
    get: async (type, name) => (await found(type)).find(({ metadata }) => metadata.name === name),
    list: async (type, { most }: ListOptions = {}) => ({
      items: (await found(type)).slice(0, most),
      resourceVersion: '1',
    }),
  };
  // The other methods are not called.
  return { requests, offers: (of = workload) => clusterOffers(client as KubernetesClient, of) };
}

const DEFAULT = { 'ingressclass.kubernetes.io/is-default-class': 'true' };

describe('use-D21: what a cluster offers to an image application', () => {
  it('includes its version, its zones, the PriorityClass, and the only Ingress class', async () => {
    const { offers } = cluster({
      nodes: [named('node-1')],
      priorityclasses: [named('astro-critical')],
      ingressclasses: [named('nginx')],
    });
    expect(await offers()).toEqual({
      minor: 34,
      hasZones: true,
      priorityClassName: 'astro-critical',
      ingressClassName: 'nginx',
    });
  });

  it('includes only what exists', async () => {
    const { offers } = cluster({ priorityclasses: [named('critical'), named('astro-high')] });
    expect(await offers()).toEqual({ minor: 34, hasZones: false });
  });

  it.each([
    ['a default class', [named('nginx', DEFAULT), named('traefik')]],
    ['no class', []],
  ])('leaves the Ingress class to a cluster with %s', async (_, ingressclasses) => {
    const { offers } = cluster({ ingressclasses });
    expect(await offers()).toEqual({ minor: 34, hasZones: false });
  });

  it('names the Ingress classes to choose from where there are several and no default', async () => {
    const { requests, offers } = cluster({ ingressclasses: [named('nginx'), named('traefik')] });
    expect(await offers()).toEqual({ minor: 34, hasZones: false, ingressClassNames: ['nginx', 'traefik'] });
    requests.splice(0);
    expect(await offers({ ...workload, ingressClassName: 'nginx' })).toEqual({ minor: 34, hasZones: false });
    expect(requests).not.toContain('ingressclasses');
  });

  it('treats resources that are forbidden or not served as missing', async () => {
    const { offers } = cluster({ nodes: refused(403), priorityclasses: refused(403), ingressclasses: refused(404) });
    expect(await offers()).toEqual({ minor: 34, hasZones: false });
    await expect(cluster({ nodes: refused(500) }).offers()).rejects.toThrow('refused');
  });

  it('is requested only as far as the workload needs it', async () => {
    const { spread: _spread, priority: _priority, host: _host, ...plain } = workload;
    const { requests, offers } = cluster({}, 'unknown');
    expect(await offers(plain)).toEqual({ minor: 0, hasZones: false });
    expect(requests).toEqual([]);
    const { rendering: _, ...older } = workload;
    await offers(older);
    expect(requests).toEqual(['nodes']);
  });
});
