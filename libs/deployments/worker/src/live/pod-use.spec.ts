import type { KubernetesObject } from '#kubernetes';
import { podsUse } from './pod-use.worker.ts';

const container = (name: string, resources: object = {}, more: object = {}) => ({
  name,
  image: 'x',
  resources,
  ...more,
});
const pod = (name: string, spec: object, phase = 'Running'): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop' },
  spec,
  status: { phase },
});
const metrics = (name: string, usage: Readonly<Record<string, object>>): KubernetesObject => ({
  apiVersion: 'metrics.k8s.io/v1beta1',
  kind: 'PodMetrics',
  metadata: { name, namespace: 'shop' },
  containers: Object.entries(usage).map(([container, used]) => ({ name: container, usage: used })),
});
const limited = { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '0.5', memory: '128Mi' } };
const MEBIBYTE = 1_048_576;

describe('the CPU and memory that pods use', () => {
  it('are shown for each container, each pod, and all pods', () => {
    const pods = [pod('web-1', { containers: [container('web', limited), container('proxy', limited)] })];
    const use = podsUse(pods, [
      metrics('web-1', {
        web: { cpu: '11500001n', memory: '65536Ki' },
        proxy: { cpu: '2m', memory: '1048576' },
      }),
    ]);
    const sum = {
      cpu: { used: 14, request: 200, limit: 1_000 },
      memory: { used: 65 * MEBIBYTE, request: 128 * MEBIBYTE, limit: 256 * MEBIBYTE },
    };
    expect(use).toEqual({
      items: [
        {
          name: 'web-1',
          namespace: 'shop',
          ...sum,
          containers: [
            {
              name: 'web',
              cpu: { used: 12, request: 100, limit: 500 },
              memory: { used: 64 * MEBIBYTE, request: 64 * MEBIBYTE, limit: 128 * MEBIBYTE },
            },
            {
              name: 'proxy',
              cpu: { used: 2, request: 100, limit: 500 },
              memory: { used: MEBIBYTE, request: 64 * MEBIBYTE, limit: 128 * MEBIBYTE },
            },
          ],
        },
      ],
      total: sum,
    });
  });

  it('are not limited if one container has no limit, and not known for pods without metrics', () => {
    const pods = [
      pod('web-1', { containers: [container('web', limited)] }),
      pod('web-2', { containers: [container('web', { requests: { cpu: '1' } })] }),
    ];
    const { items, total } = podsUse(pods, [metrics('web-1', { web: { cpu: '10m', memory: '1Mi' } })]);
    expect(items.map(({ cpu }) => cpu)).toEqual([
      { used: 10, request: 100, limit: 500 },
      { used: null, request: 1_000, limit: null },
    ]);
    expect(total.cpu).toEqual({ used: 10, request: 1_100, limit: null });
  });

  it('include sidecars, but neither init containers that end nor pods that have ended', () => {
    const spec = {
      initContainers: [container('migrate', limited), container('logs', limited, { restartPolicy: 'Always' })],
      containers: [container('web', limited)],
    };
    const { items } = podsUse([pod('job-1', spec, 'Succeeded'), pod('job-2', spec, 'Failed'), pod('web-1', spec)], []);
    expect(items.map(({ name, containers }) => [name, containers.map((each) => each.name)])).toEqual([
      ['web-1', ['logs', 'web']],
    ]);
  });

  it('are limited by the resources of the pod, if it has any', () => {
    const spec = { resources: { limits: { cpu: '2' } }, containers: [container('web', limited), container('proxy')] };
    const { items } = podsUse([pod('web-1', spec)], []);
    expect(items[0]?.cpu).toEqual({ used: null, request: 100, limit: 2_000 });
    expect(items[0]?.memory.limit).toBeNull();
  });

  it('are nothing without pods', () => {
    const nothing = { used: null, request: null, limit: null };
    expect(podsUse([], [])).toEqual({ items: [], total: { cpu: nothing, memory: nothing } });
  });
});
