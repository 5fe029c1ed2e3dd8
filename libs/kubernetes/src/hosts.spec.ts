import { checkManifests } from './check-manifests.ts';
import { hostNames, hostsOf } from './hosts.ts';
import type { KubernetesObject } from './objects.ts';

const object = (kind: string, spec: object, annotations: Record<string, string> = {}): KubernetesObject => ({
  apiVersion: `${kind.split('/')[0]}/v1`,
  kind: kind.split('/')[1] ?? '',
  metadata: { name: 'a', namespace: 'acme-web', annotations },
  spec,
});
const ingress = (spec: object, annotations: Record<string, string> = {}) =>
  object('networking.k8s.io/Ingress', spec, annotations);
const gateway = (kind: string, spec: object) => object(`gateway.networking.k8s.io/${kind}`, spec);
const one = { rules: [{ host: 'a.dev' }] };

describe('use-S9: fields that can contain a host', () => {
  it.each<[string, KubernetesObject, string[]]>([
    ['rules and certificates of an Ingress', ingress({ ...one, tls: [{ hosts: ['b.dev'] }] }), ['a.dev', 'b.dev']],
    ['a host in upper case with a trailing dot', ingress({ rules: [{ host: 'WWW.a.dev.' }] }), ['www.a.dev']],
    [
      'server-alias of ingress-nginx',
      ingress(one, { 'nginx.ingress.kubernetes.io/server-alias': 'b.dev, c.dev' }),
      ['a.dev', 'b.dev', 'c.dev'],
    ],
    [
      'server-alias under another prefix',
      ingress(one, { 'ingress.acme.dev/server-alias': 'b.dev' }),
      ['a.dev', 'b.dev'],
    ],
    [
      'the redirect between a host and its www. host',
      ingress(one, { 'nginx.ingress.kubernetes.io/from-to-www-redirect': 'true' }),
      ['a.dev', 'www.a.dev'],
    ],
    [
      'the records of external-dns',
      { ...object('/Service', {}, { 'external-dns.alpha.kubernetes.io/hostname': 'b.dev' }), apiVersion: 'v1' },
      ['b.dev'],
    ],
    ['HTTPRoute', gateway('HTTPRoute', { hostnames: ['a.dev', 'b.dev'] }), ['a.dev', 'b.dev']],
    ['GRPCRoute', gateway('GRPCRoute', { hostnames: ['a.dev'] }), ['a.dev']],
    ['TLSRoute', gateway('TLSRoute', { hostnames: ['a.dev'] }), ['a.dev']],
    [
      'listeners of a Gateway',
      gateway('Gateway', { listeners: [{ protocol: 'HTTPS', hostname: 'a.dev' }, { protocol: 'TCP' }] }),
      ['a.dev'],
    ],
    ['a route within a mesh', gateway('HTTPRoute', { parentRefs: [{ kind: 'Service', name: 'b' }] }), []],
    ['an OpenShift Route', object('route.openshift.io/Route', { host: 'a.dev' }), ['a.dev']],
    [
      'an Istio VirtualService',
      object('networking.istio.io/VirtualService', { hosts: ['a.dev', 'reviews', 'reviews.b.svc.cluster.local'] }),
      ['a.dev'],
    ],
    [
      'an Istio Gateway',
      object('networking.istio.io/Gateway', { servers: [{ hosts: ['./a.dev', 'b.dev'] }] }),
      ['a.dev', 'b.dev'],
    ],
    ['a Contour proxy', object('projectcontour.io/HTTPProxy', { virtualhost: { fqdn: 'a.dev' } }), ['a.dev']],
    [
      'a Traefik route',
      object('traefik.io/IngressRoute', {
        routes: [{ match: 'Host(`a.dev`, `b.dev`) && PathPrefix(`/x`) || Host(`c.dev`)' }],
      }),
      ['a.dev', 'b.dev', 'c.dev'],
    ],
    [
      'a Knative DomainMapping',
      { ...object('serving.knative.dev/DomainMapping', {}), metadata: { name: 'a.dev' } },
      ['a.dev'],
    ],
  ])('%s', (_, given, hosts) => {
    expect(hostNames([given])).toEqual(hosts);
    expect(hostsOf(given).open).toEqual([]);
  });

  it.each<[string, KubernetesObject, string]>([
    ['an empty host', ingress({ rules: [{ host: '' }] }), '/spec/rules/0/host'],
    ['no host', ingress({ rules: [{ http: {} }] }), '/spec/rules/0/host'],
    ['a wildcard', ingress({ rules: [{ host: '*' }] }), '/spec/rules/0/host'],
    ['a default backend', ingress({ defaultBackend: {} }), '/spec/defaultBackend'],
    [
      'a pattern as an alias',
      ingress(one, { 'nginx.ingress.kubernetes.io/server-alias': '~^.+$' }),
      '/metadata/annotations/nginx.ingress.kubernetes.io~1server-alias',
    ],
    ['a route without host names', gateway('HTTPRoute', {}), '/spec/hostnames'],
    [
      'a listener without a host name',
      gateway('Gateway', { listeners: [{ protocol: 'HTTP' }] }),
      '/spec/listeners/0/hostname',
    ],
    [
      'a mesh without a host',
      object('networking.istio.io/Gateway', { servers: [{ hosts: ['*'] }] }),
      '/spec/servers/0/hosts/0',
    ],
    [
      'a Traefik route with only a path',
      object('traefik.io/IngressRoute', { routes: [{ match: 'PathPrefix(`/`)' }] }),
      '/spec/routes/0/match',
    ],
    [
      'a Traefik route with a pattern or a negation',
      object('traefik.io/IngressRoute', { routes: [{ match: 'HostRegexp(`.+`)' }, { match: '!Host(`a.dev`)' }] }),
      '/spec/routes/0/match',
    ],
  ])('%s matches every host and is refused', (_, given, pointer) => {
    expect(hostsOf(given).open[0]).toBe(pointer);
    const options = {
      policy: { namespaces: ['*'], clusterScoped: 'deny', podSecurity: 'baseline' },
      clusterName: 'dev',
      targetNamespace: 'acme-web',
      namespaceMode: 'override',
      isNamespaced: () => true,
    } as const;
    expect(checkManifests([given], options)).toMatchObject([
      { code: 'deployments/network-not-allowed', rule: 'host', pointer },
    ]);
  });

  it('are refused when they contain more hosts than one application may have', () => {
    const rules = Array.from({ length: 251 }, (_, index) => ({ host: `h${index}.a.dev` }));
    const options = {
      policy: { namespaces: ['*'], clusterScoped: 'deny', podSecurity: 'baseline' },
      clusterName: 'dev',
      targetNamespace: 'acme-web',
      namespaceMode: 'override',
      isNamespaced: () => true,
    } as const;
    expect(checkManifests([ingress({ rules })], options)).toMatchObject([{ rule: 'hosts' }]);
  });
});
