import type { Json, JsonObject } from '#kernel';

/**
 * One request of a case. In its texts, `{ns}` is replaced with the case's namespace and `{name}` with a value that an
 * earlier step saved.
 */
export interface Step {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: Json;
  /** Sent verbatim, in place of `body`. */
  readonly text?: string;
  /** Base64 of the bytes to send in place of `body`, for example protobuf. */
  readonly bytes?: string;
  readonly type?: string;
  /** Additional headers. */
  readonly headers?: { readonly [name: string]: string };
  readonly accept?: string;
  /** Values of the response to save for later steps, by path: `{ rv: ['metadata', 'resourceVersion'] }`. */
  readonly save?: { readonly [name: string]: readonly (string | number)[] };
  /**
   * Repeats the request, advancing time, until this holds for the response body. Only the last response is compared.
   */
  readonly until?: (body: JsonObject) => boolean;
  /** The request is sent and its response awaited, but not compared. */
  readonly silent?: boolean;
  /** The response is a stream of JSON lines, which ends while time advances. */
  readonly stream?: boolean;
  /** Number of lines of a stream to compare. Later lines depend on a server's own timers. */
  readonly lines?: number;
  /** Selects the part of the response to compare. */
  readonly only?: (body: JsonObject) => Json;
}

/** A sequence of requests to which a sandbox and a real server must respond alike. */
export interface Case {
  readonly area: string;
  readonly name: string;
  readonly steps: readonly Step[];
}

const named = (object: JsonObject): string => {
  const metadata = object['metadata'];
  return typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata)
    ? String((metadata as JsonObject)['name'])
    : '';
};

/** Paths of the collections that cases use, in the case's namespace. */
export const at = {
  configmaps: '/api/v1/namespaces/{ns}/configmaps',
  secrets: '/api/v1/namespaces/{ns}/secrets',
  services: '/api/v1/namespaces/{ns}/services',
  serviceaccounts: '/api/v1/namespaces/{ns}/serviceaccounts',
  pods: '/api/v1/namespaces/{ns}/pods',
  events: '/api/v1/namespaces/{ns}/events',
  claims: '/api/v1/namespaces/{ns}/persistentvolumeclaims',
  quotas: '/api/v1/namespaces/{ns}/resourcequotas',
  limits: '/api/v1/namespaces/{ns}/limitranges',
  deployments: '/apis/apps/v1/namespaces/{ns}/deployments',
  replicasets: '/apis/apps/v1/namespaces/{ns}/replicasets',
  statefulsets: '/apis/apps/v1/namespaces/{ns}/statefulsets',
  daemonsets: '/apis/apps/v1/namespaces/{ns}/daemonsets',
  jobs: '/apis/batch/v1/namespaces/{ns}/jobs',
  cronjobs: '/apis/batch/v1/namespaces/{ns}/cronjobs',
  ingresses: '/apis/networking.k8s.io/v1/namespaces/{ns}/ingresses',
  policies: '/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies',
  scalers: '/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers',
  budgets: '/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets',
  roles: '/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles',
  rolebindings: '/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings',
} as const;

type More = Omit<Step, 'method' | 'path' | 'body'>;

export const get = (path: string, more: More = {}): Step => ({ method: 'GET', path, ...more });
/** Adds `query`, without its question mark, to a path. The field manager is `case` unless the query names one. */
const withManager = (path: string, query: string): string =>
  `${path}?${query === '' || !query.includes('fieldManager=') ? `fieldManager=case${query === '' ? '' : `&${query}`}` : query}`;
export const post = (path: string, body: Json, query = '', more: More = {}): Step => ({
  method: 'POST',
  path: withManager(path, query),
  body,
  ...more,
});
export const put = (path: string, body: JsonObject, query = '', more: More = {}): Step => ({
  method: 'PUT',
  path: withManager(`${path}/${named(body)}`, query),
  body,
  ...more,
});
export const remove = (path: string, body?: Json, more: More = {}): Step => ({
  method: 'DELETE',
  path,
  ...(body === undefined ? {} : { body }),
  ...more,
});
export const apply = (path: string, body: JsonObject, query = 'fieldManager=one', more: More = {}): Step => ({
  method: 'PATCH',
  path: `${path}/${named(body)}?${query}`,
  body,
  type: 'application/apply-patch+yaml',
  ...more,
});
const patchWith =
  (type: string) =>
  (path: string, body: Json, query = '', more: More = {}): Step => ({
    method: 'PATCH',
    path: withManager(path, query),
    body,
    type,
    ...more,
  });
export const merge = patchWith('application/merge-patch+json');
export const strategic = patchWith('application/strategic-merge-patch+json');
export const jsonPatch = patchWith('application/json-patch+json');

/** Returns the step with its response left out of the comparison. */
export const silent = (step: Step): Step => ({ ...step, silent: true });

/** Returns the step as a dry run. */
export const dry = (step: Step): Step => ({
  ...step,
  path: `${step.path}${step.path.includes('?') ? '&' : '?'}dryRun=All`,
});

// Objects that cases create first.

export const configMap = (name: string, data: JsonObject = { a: '1' }, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
});

export const container = (more: JsonObject = {}): JsonObject => ({
  name: 'web',
  image: 'registry.example/web:1',
  ...more,
});

export const pod = (
  name: string,
  more: JsonObject = {},
  containers: readonly JsonObject[] = [container()],
): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: { containers, ...more },
});

export function workload(
  apiVersion: string,
  kind: string,
  name: string,
  {
    spec = {},
    podSpec = {},
    web = {},
    metadata = {},
  }: {
    readonly spec?: JsonObject;
    readonly podSpec?: JsonObject;
    readonly web?: JsonObject;
    readonly metadata?: JsonObject;
  } = {},
): JsonObject {
  return {
    apiVersion,
    kind,
    metadata: { name, ...metadata },
    spec: {
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [container(web)], ...podSpec } },
      ...spec,
    },
  };
}

export const deployment = (name: string, parts: Parameters<typeof workload>[3] = {}): JsonObject =>
  workload('apps/v1', 'Deployment', name, parts);

export const service = (name: string, spec: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ port: 80 }], ...spec },
});

export const of = (apiVersion: string, kind: string, name: string, rest: JsonObject): JsonObject => ({
  apiVersion,
  kind,
  metadata: { name },
  ...rest,
});
