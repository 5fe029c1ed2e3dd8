import type { JsonObject } from '#kernel';

/** An object and the path to which it is applied. */
export interface Applied {
  readonly path: string;
  readonly namespace: string;
  readonly name: string;
  readonly body: JsonObject;
}

const labelsOf = (name: string) => ({
  'app.kubernetes.io/name': name,
  'app.kubernetes.io/part-of': 'shop',
  'app.kubernetes.io/managed-by': 'bench',
});

/** Five digits, so that names sort like numbers. */
export const text = (n: number): string => String(n).padStart(5, '0');

/** Returns a ConfigMap with about 600 bytes of data. With its metadata and field managers, it takes about 1.2 kB. */
export function configMap(n: number, { namespace = 'default', version = '0' } = {}): Applied {
  const name = `settings-${text(n)}`;
  const data = Object.fromEntries(
    Array.from({ length: 8 }, (_, line) => [`SETTING_${line}`, `value-${line}-${'x'.repeat(50)}`]),
  );
  return {
    path: `/api/v1/namespaces/${namespace}/configmaps/${name}`,
    namespace,
    name,
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace, labels: labelsOf(name) },
      data: { ...data, VERSION: version },
    },
  };
}

const template = (name: string): JsonObject => ({
  metadata: { labels: labelsOf(name) },
  spec: {
    containers: [
      {
        name: 'web',
        image: 'registry.example/shop/web:1.4.2',
        ports: [{ name: 'http', containerPort: 8080 }],
        env: [{ name: 'LOG_LEVEL', value: 'info' }],
        resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } },
        readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
      },
    ],
  },
});

export function pod(name: string, namespace = 'default'): Applied {
  return {
    path: `/api/v1/namespaces/${namespace}/pods/${name}`,
    namespace,
    name,
    body: { apiVersion: 'v1', kind: 'Pod', ...template(name), metadata: { name, namespace, labels: labelsOf(name) } },
  };
}

function deployment(n: number, namespace: string): Applied {
  const name = `web-${text(n)}`;
  const spec = { replicas: 1, selector: { matchLabels: { 'app.kubernetes.io/name': name } }, template: template(name) };
  return {
    path: `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`,
    namespace,
    name,
    body: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace, labels: labelsOf(name) }, spec },
  };
}

function service(n: number, namespace: string): Applied {
  const name = `web-${text(n)}`;
  const spec = {
    selector: { 'app.kubernetes.io/name': name },
    ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }],
  };
  return {
    path: `/api/v1/namespaces/${namespace}/services/${name}`,
    namespace,
    name,
    body: { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace, labels: labelsOf(name) }, spec },
  };
}

/**
 * Returns 100 applications of three objects each in one namespace: 300 objects in the order in which an application is
 * applied.
 */
export const mixed = (namespace: string): readonly Applied[] =>
  Array.from({ length: 100 }, (_, n) => [
    configMap(n, { namespace }),
    service(n, namespace),
    deployment(n, namespace),
  ]).flat();
