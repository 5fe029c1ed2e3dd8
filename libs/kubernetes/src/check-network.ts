import { hostNames, hostsOf } from './hosts.ts';
import type { ManifestError } from './manifest-error.ts';
import { at, keyOf, list, nameOf, type KubernetesObject } from './objects.ts';

/** Maximum number of host names of one application, since one event contains all of them. */
const MAX_HOSTS = 250;
const SNIPPET = /-snippets?$/;

/** Checks objects that take traffic of others, or redirect the application's traffic elsewhere. */
export function checkNetwork(object: KubernetesObject): ManifestError[] {
  const key = keyOf(object);
  const refuse = (pointer: string, rule: string, detail: string): ManifestError => ({
    code: 'deployments/network-not-allowed',
    object: key,
    pointer,
    rule,
    detail: `${nameOf(key)} ${detail}.`,
  });
  const { hosts, open } = hostsOf(object);
  const wild = hosts.find(({ host }) => host.includes('*'));
  const [openAt] = open;
  const snippet = Object.keys(object.metadata.annotations ?? {}).find((name) => SNIPPET.test(name));
  return [
    ...service(object).map(([pointer, rule, detail]) => refuse(pointer, rule, detail)),
    ...(wild
      ? [refuse(wild.pointer, 'host', `uses the host ${wild.host}; a wildcard can intercept traffic of others`)]
      : []),
    ...(openAt === undefined
      ? []
      : [refuse(openAt, 'host', 'has a rule without a host, which can intercept traffic of others')]),
    ...(snippet === undefined
      ? []
      : [
          refuse(
            `/metadata/annotations/${snippet.replaceAll('~', '~0').replaceAll('/', '~1')}`,
            'snippet',
            'contains configuration snippets for the ingress controller',
          ),
        ]),
  ];
}

function service(object: KubernetesObject): (readonly [pointer: string, rule: string, detail: string])[] {
  if (object.kind !== 'Service' || object.apiVersion !== 'v1') return [];
  if (at(object, 'spec', 'type') === 'ExternalName')
    return [['/spec/type', 'externalName', 'has type ExternalName, which routes outside the namespace']];
  return list(at(object, 'spec', 'externalIPs')).length > 0
    ? [['/spec/externalIPs', 'externalIPs', 'sets externalIPs, which can intercept traffic of others (CVE-2020-8554)']]
    : [];
}

/** Refuses a set of objects with more host names than one application may have. */
export function manyHosts(objects: readonly KubernetesObject[]): ManifestError[] {
  const { length } = hostNames(objects);
  if (length <= MAX_HOSTS) return [];
  return [
    {
      code: 'deployments/network-not-allowed',
      rule: 'hosts',
      detail: `The manifests use ${length} host names; the limit is ${MAX_HOSTS}.`,
      fix: 'split them into several applications',
    },
  ];
}
