import { at, groupOf, list, text, type KubernetesObject } from './objects.ts';

/** A host name that an object asks traffic for. */
export interface ClaimedHost {
  /** Lower case, without a dot at the end: `www.acme.dev`, or `*.acme.dev` for everything below. */
  readonly host: string;
  /** RFC 6901 pointer to where it is written. */
  readonly pointer: string;
}

/** What an object asks traffic for. */
export interface ClaimedHosts {
  readonly hosts: readonly ClaimedHost[];
  /** Pointers to rules without a host, or with a pattern that may fit any: they take the traffic of every host. */
  readonly open: readonly string[];
}

type Steps = readonly (string | number)[];
/** One place in an object that names hosts. `value` undefined: the rule has no host. */
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
/** A list of hosts that stands for every host when it is empty or missing. */
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

/** Routes of the Gateway API (gateway-api.sigs.k8s.io/reference/spec): without host names they take those of the listener. */
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
  const host = at(object, 'spec', 'host'); // none: the router makes one of its own
  const wild = at(object, 'spec', 'wildcardPolicy') === 'Subdomain';
  const value = wild && typeof host === 'string' ? host.replace(/^[^.]*/, '*') : host;
  return host === undefined ? [] : [{ steps: ['spec', 'host'], value }];
};

/** Names without a dot, and those of services, are within the mesh: networking.istio.io, `VirtualService.hosts`. */
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

/** Rules of Traefik: the hosts of each alternative; one that names none, or a pattern, may fit any. */
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

/** Places by `group/Kind`. Kinds of groups that nobody lists name no hosts that the platform knows. */
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
 * Annotations that name hosts, whatever their prefix: `server-alias` of ingress-nginx and others, `hostname` of external-dns,
 * which makes DNS records of them.
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

/** With `from-to-www-redirect` ingress-nginx serves the host with `www.` too, or without. */
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

/** Every place of an object in which a host can be written, and those that are open to all hosts. Pure. */
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

/** Undefined for what is not a name, or a pattern that may fit any: empty, `*`, a regular expression, a star inside. */
function plainHost(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const host = value.trim().toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
  return /^(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/.test(host) ? host : undefined;
}

const pointerOf = (steps: Steps): string =>
  steps.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** Host names of a set of objects, each once, sorted. */
export const hostNames = (objects: readonly KubernetesObject[]): string[] =>
  [...new Set(objects.flatMap((object) => hostsOf(object).hosts.map(({ host }) => host)))].toSorted();
