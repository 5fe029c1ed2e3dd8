import { at, groupOf, list, text, type KubernetesObject } from './objects.ts';

/** A host name whose traffic an object claims. */
export interface ClaimedHost {
  /** In lower case without a trailing dot: `www.acme.dev`, or `*.acme.dev` for all subdomains. */
  readonly host: string;
  /** JSON pointer to the host name (RFC 6901). */
  readonly pointer: string;
}

/** The hosts that an object claims. */
export interface ClaimedHosts {
  readonly hosts: readonly ClaimedHost[];
  /** Pointers to rules without a host, or with a pattern that may match any host. */
  readonly open: readonly string[];
}

type Steps = readonly (string | number)[];
/** A field of an object that names a host. `value` is undefined if the rule has no host. */
interface Place {
  readonly steps: Steps;
  readonly value: unknown;
}
type Reader = (object: KubernetesObject) => readonly Place[];

const each = (object: unknown, steps: readonly string[]): readonly (readonly [unknown, Steps])[] =>
  list(at(object, ...steps)).map((item, index) => [item, [...steps, index]]);
const texts = (value: unknown, steps: readonly string[]): Place[] =>
  each(value, steps).map(([host, below]) => ({ steps: below, value: host }));
const below = (steps: Steps, places: readonly Place[]): Place[] =>
  places.map((place) => ({ ...place, steps: [...steps, ...place.steps] }));
const open = (steps: Steps): Place => ({ steps, value: undefined });
/** Returns the hosts of a list; an empty or missing list matches every host. */
const textsOrOpen = (value: unknown, steps: readonly string[]): Place[] => {
  const found = texts(value, steps);
  return found.length > 0 ? found : [open(steps)];
};

const ingress: Reader = (object) => [
  ...each(object, ['spec', 'rules']).map(([rule, steps]) => ({ steps: [...steps, 'host'], value: at(rule, 'host') })),
  ...each(object, ['spec', 'tls']).flatMap(([tls, steps]) => below(steps, texts(tls, ['hosts']))),
  ...(['defaultBackend', 'backend'] as const)
    .filter((member) => at(object, 'spec', member) !== undefined)
    .map((member) => open(['spec', member])),
];

/**
 * Routes of the Gateway API (gateway-api.sigs.k8s.io/reference/spec). Without host names, they use those of the
 * listener.
 */
const route: Reader = (object) => {
  const parents = list(at(object, 'spec', 'parentRefs'));
  const isInMesh = parents.length > 0 && parents.every((parent) => at(parent, 'kind') === 'Service');
  return isInMesh ? [] : textsOrOpen(object, ['spec', 'hostnames']);
};
const listeners: Reader = (object) =>
  each(object, ['spec', 'listeners'])
    .filter(([listener]) => !['TCP', 'UDP'].includes(String(at(listener, 'protocol'))))
    .map(([listener, steps]) => ({ steps: [...steps, 'hostname'], value: at(listener, 'hostname') }));

const openShiftRoute: Reader = (object) => {
  const host = at(object, 'spec', 'host'); // without a host, the router generates one
  const wild = at(object, 'spec', 'wildcardPolicy') === 'Subdomain';
  const value = wild && typeof host === 'string' ? host.replace(/^[^.]*/, '*') : host;
  return host === undefined ? [] : [{ steps: ['spec', 'host'], value }];
};

/**
 * Returns whether a host is within the mesh: names without a dot, and names of Services (networking.istio.io,
 * `VirtualService.hosts`).
 */
const mesh = ({ value }: Place): boolean =>
  typeof value !== 'string' || value === '*' || (value.includes('.') && !/\.svc(\.cluster\.local)?$/.test(value));
const virtualService: Reader = (object) => texts(object, ['spec', 'hosts']).filter(mesh);
const istioGateway: Reader = (object) =>
  each(object, ['spec', 'servers']).flatMap(([server, steps]) =>
    below(steps, textsOrOpen(server, ['hosts'])).map((place) => ({
      ...place,
      value: typeof place.value === 'string' ? place.value.replace(/^[^/]*\//, '') : place.value, // `namespace/host`
    })),
  );

const httpProxy: Reader = (object) =>
  at(object, 'spec', 'virtualhost') === undefined
    ? [] // included by another one
    : [{ steps: ['spec', 'virtualhost', 'fqdn'], value: at(object, 'spec', 'virtualhost', 'fqdn') }];

/**
 * Rules of Traefik: the hosts of each alternative. An alternative without a host, or with a pattern, may match any
 * host.
 */
const ingressRoute: Reader = (object) =>
  each(object, ['spec', 'routes']).flatMap(([one, steps]) =>
    (text(at(one, 'match')) ?? '').split('||').flatMap((alternative): Place[] => {
      const place = [...steps, 'match'];
      const named = [...alternative.matchAll(/(?<!!\s{0,9})\bHost(?:Header|SNI)?\(([^)]*)\)/gi)].flatMap(
        ([, given = '']) => [...given.matchAll(/[`"]([^`"]*)[`"]/g)].map(([, host]) => ({ steps: place, value: host })),
      );
      return named.length > 0 ? named : [open(place)];
    }),
  );

/** Readers by `group/Kind`. Kinds that are not listed contain no hosts that the platform recognizes. */
const READERS: Readonly<Record<string, Reader>> = {
  'networking.k8s.io/Ingress': ingress,
  'extensions/Ingress': ingress,
  'gateway.networking.k8s.io/HTTPRoute': route,
  'gateway.networking.k8s.io/GRPCRoute': route,
  'gateway.networking.k8s.io/TLSRoute': route,
  'gateway.networking.k8s.io/Gateway': listeners,
  'gateway.networking.k8s.io/ListenerSet': listeners,
  'gateway.networking.x-k8s.io/XListenerSet': listeners,
  'route.openshift.io/Route': openShiftRoute,
  'networking.istio.io/VirtualService': virtualService,
  'networking.istio.io/Gateway': istioGateway,
  'projectcontour.io/HTTPProxy': httpProxy,
  'traefik.io/IngressRoute': ingressRoute,
  'traefik.io/IngressRouteTCP': ingressRoute,
  'traefik.containo.us/IngressRoute': ingressRoute,
  'traefik.containo.us/IngressRouteTCP': ingressRoute,
  'serving.knative.dev/DomainMapping': ({ metadata }) => [{ steps: ['metadata', 'name'], value: metadata.name }],
};

/**
 * Annotations that contain hosts, whatever their prefix: `server-alias` of ingress-nginx and others, and `hostname` of
 * external-dns, which creates DNS records.
 */
const HOST_ANNOTATION = /\/server-alias$|^external-dns\.[a-z.]*\/(internal-)?hostname$/;
const PATTERN_ANNOTATION = /\/server-alias-regex$/;

function annotated({ metadata }: KubernetesObject): Place[] {
  return Object.entries(metadata.annotations ?? {}).flatMap(([name, value]): Place[] => {
    const steps = ['metadata', 'annotations', name];
    if (PATTERN_ANNOTATION.test(name)) return [open(steps)];
    if (!HOST_ANNOTATION.test(name)) return [];
    return String(value)
      .split(/[\s,]+/)
      .filter((host) => host !== '')
      .map((host) => ({ steps, value: host }));
  });
}

/** Returns the hosts that ingress-nginx adds with `from-to-www-redirect`: with `www.`, or without. */
function redirected({ metadata }: KubernetesObject, hosts: readonly ClaimedHost[]): ClaimedHost[] {
  const [name] =
    Object.entries(metadata.annotations ?? {}).find(
      ([key, value]) => key.endsWith('/from-to-www-redirect') && String(value) !== 'false',
    ) ?? [];
  if (name === undefined) return [];
  const pointer = pointerOf(['metadata', 'annotations', name]);
  return hosts
    .filter(({ host }) => !host.startsWith('*'))
    .map(({ host }) => ({ host: host.startsWith('www.') ? host.slice(4) : `www.${host}`, pointer }));
}

/** Returns the hosts of an object, and its rules that match all hosts. A pure function. */
export function hostsOf(object: KubernetesObject): ClaimedHosts {
  const kind = `${groupOf(object.apiVersion)}/${object.kind}`;
  const places = [...(READERS[kind]?.(object) ?? []), ...annotated(object)];
  const read = places.map(({ steps, value }) => ({ pointer: pointerOf(steps), host: plainHost(value) }));
  const hosts = read.flatMap(({ host, pointer }) => (host === undefined ? [] : [{ host, pointer }]));
  return {
    hosts: [...hosts, ...redirected(object, hosts)],
    open: read.filter(({ host }) => host === undefined).map(({ pointer }) => pointer),
  };
}

/**
 * Normalizes a host. Returns undefined if it may match any host (empty, `*`, a regular expression, an inner star) or is
 * not a name.
 */
function plainHost(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const host = value.trim().toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
  return /^(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/.test(host) ? host : undefined;
}

const pointerOf = (steps: Steps): string =>
  steps.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** Returns the distinct host names of a set of objects, sorted. */
export const hostNames = (objects: readonly KubernetesObject[]): string[] =>
  [...new Set(objects.flatMap((object) => hostsOf(object).hosts.map(({ host }) => host)))].toSorted();
