import { isIP } from 'node:net';
import type { Json, JsonObject } from '#kernel';
import { causes, type Cause } from '../status.ts';
import {
  at,
  countOrShare,
  dnsLabel,
  dnsSubdomain,
  entries,
  labelMap,
  labelSelector,
  list,
  notNegative,
  oneOf,
  portName,
  portNumber,
  portOrName,
  text,
  tree,
  trees,
  wildcardHost,
  word,
} from './words.ts';
import type { Rule } from './workloads.ts';

const NOT_AN_ADDRESS = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

export const service: Rule = (spec) => {
  const ports = trees(spec['ports']);
  const type = text(spec['type']);
  const name = text(spec['externalName']);
  const isHeadless = spec['clusterIP'] === 'None';
  const addresses =
    list(spec['clusterIPs']).length > 0
      ? list(spec['clusterIPs'])
      : spec['clusterIP'] === undefined
        ? []
        : [spec['clusterIP']];
  return [
    ...(ports.length === 0 && !isHeadless && type !== 'ExternalName' ? [causes.required('spec.ports')] : []),
    ...(type === 'ExternalName'
      ? name === ''
        ? [causes.required('spec.externalName')]
        : word(name.replace(/\.$/, ''), 'spec.externalName', dnsSubdomain)
      : []),
    ...ports.flatMap((port, index) =>
      validatePort(port, `spec.ports[${index}]`, { needsName: ports.length > 1, before: ports.slice(0, index) }),
    ),
    ...labelMap(spec['selector'], 'spec.selector'),
    ...oneOf(spec['sessionAffinity'], 'spec.sessionAffinity', ['ClientIP', 'None']),
    ...(type === 'ExternalName'
      ? []
      : addresses.flatMap((address, index) =>
          text(address) === 'None' || text(address) === '' || isIP(text(address)) > 0
            ? []
            : [causes.invalid(`spec.clusterIPs[${index}]`, address, NOT_AN_ADDRESS)],
        )),
    ...oneOf(spec['type'], 'spec.type', ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']),
    ...(type === 'ClusterIP'
      ? ports.flatMap((port, index) =>
          typeof port['nodePort'] === 'number' && port['nodePort'] !== 0
            ? [causes.forbidden(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'")]
            : [],
        )
      : []),
    ...list(spec['externalIPs']).flatMap((address, index) =>
      isIP(text(address)) > 0 ? [] : [causes.invalid(`spec.externalIPs[${index}]`, address, NOT_AN_ADDRESS)],
    ),
    ...doubles(ports),
  ];
};

function validatePort(
  port: JsonObject,
  field: string,
  { needsName, before }: { readonly needsName: boolean; readonly before: readonly JsonObject[] },
): Cause[] {
  const name = text(port['name']);
  const target = port['targetPort'];
  return [
    ...(name === '' ? (needsName ? [causes.required(`${field}.name`)] : []) : word(name, `${field}.name`, dnsLabel)),
    ...(name !== '' && before.some((other) => other['name'] === name) ? [causes.duplicate(`${field}.name`, name)] : []),
    ...portNumber(port['port'], `${field}.port`),
    ...oneOf(port['protocol'], `${field}.protocol`, ['SCTP', 'TCP', 'UDP']),
    ...(typeof target === 'string'
      ? word(target, `${field}.targetPort`, portName)
      : portNumber(target ?? port['port'], `${field}.targetPort`)),
  ];
}

/** Reports ports that a client cannot distinguish. */
function doubles(ports: readonly JsonObject[]): Cause[] {
  const seen = new Set<string>();
  return ports.flatMap((port, index) => {
    const id = `${String(port['protocol'] ?? 'TCP')}/${String(port['port'])}`;
    if (!seen.has(id)) {
      seen.add(id);
      return [];
    }
    return [
      causes.duplicate(`spec.ports[${index}]`, {
        Name: '',
        Protocol: port['protocol'] ?? 'TCP',
        AppProtocol: null,
        Port: port['port'] ?? 0,
        TargetPort: 0,
        NodePort: 0,
      }),
    ];
  });
}

export const ingress: Rule = (spec) => {
  const rules = trees(spec['rules']);
  return [
    ...(rules.length === 0 && spec['defaultBackend'] === undefined
      ? [causes.invalid('spec', null, 'either `defaultBackend` or `rules` must be specified')]
      : []),
    ...(spec['defaultBackend'] === undefined ? [] : backend(spec['defaultBackend'], 'spec.defaultBackend')),
    ...rules.flatMap((rule, index) => [
      ...host(text(rule['host']), `spec.rules[${index}].host`),
      ...trees(at(rule, 'http', 'paths')).flatMap((path, number) =>
        pathRule(path, `spec.rules[${index}].http.paths[${number}]`),
      ),
      ...(rule['http'] !== undefined && list(at(rule, 'http', 'paths')).length === 0
        ? [causes.required(`spec.rules[${index}].http.paths`)]
        : []),
    ]),
    ...trees(spec['tls']).flatMap((tls, index) =>
      list(tls['hosts']).flatMap((name, number) => host(text(name), `spec.tls[${index}].hosts[${number}]`)),
    ),
    ...(text(spec['ingressClassName']) === ''
      ? []
      : word(text(spec['ingressClassName']), 'spec.ingressClassName', dnsSubdomain)),
  ];
};

function host(name: string, field: string): Cause[] {
  if (name === '') return [];
  if (name.includes('*')) return word(name, field, wildcardHost);
  return isIP(name) > 0
    ? [causes.invalid(field, name, 'must be a DNS name, not an IP address')]
    : word(name, field, dnsSubdomain);
}

function pathRule(path: JsonObject, field: string): Cause[] {
  const [type, written] = [text(path['pathType']), text(path['path'])];
  return [
    ...(type === ''
      ? [causes.required(`${field}.pathType`, 'pathType must be specified')]
      : oneOf(type, `${field}.pathType`, ['Exact', 'ImplementationSpecific', 'Prefix'])),
    ...(type !== '' && (type !== 'ImplementationSpecific' || written !== '') && !written.startsWith('/')
      ? [causes.invalid(`${field}.path`, written, 'must be an absolute path')]
      : []),
    ...backend(path['backend'], `${field}.backend`),
  ];
}

function backend(given: Json | undefined, field: string): Cause[] {
  const [inner, resource] = [at(given, 'service'), at(given, 'resource')];
  if (inner === undefined && resource === undefined)
    return [causes.invalid(field, '', 'resource or service backend is required')];
  if (inner !== undefined && resource !== undefined)
    return [causes.invalid(field, '', 'cannot set both resource and service backends')];
  if (inner === undefined) return [];
  const [name, port] = [text(at(inner, 'name')), tree(at(inner, 'port'))];
  const hasNumber = typeof port['number'] === 'number' && port['number'] !== 0;
  return [
    ...(name === '' ? [causes.required(`${field}.service.name`)] : word(name, `${field}.service.name`, dnsLabel)),
    ...(text(port['name']) === '' && !hasNumber ? [causes.required(field, 'port name or number is required')] : []),
    ...(text(port['name']) !== '' && hasNumber
      ? [causes.invalid(field, '', 'cannot set both port name & port number')]
      : []),
    ...(hasNumber ? portNumber(port['number'], `${field}.service.port.number`) : []),
    ...(text(port['name']) === '' ? [] : word(text(port['name']), `${field}.service.port.name`, portName)),
  ];
}

export const networkPolicy: Rule = (spec) => [
  ...labelSelector(spec['podSelector'], 'spec.podSelector'),
  ...(['ingress', 'egress'] as const).flatMap((direction) =>
    trees(spec[direction]).flatMap((rule, index) => [
      ...trees(rule['ports']).flatMap((port, number) =>
        policyPort(port, `spec.${direction}[${index}].ports[${number}]`),
      ),
      ...((side) =>
        trees(rule[side]).flatMap((peer, number) =>
          policyPeer(peer, `spec.${direction}[${index}].${side}[${number}]`),
        ))(direction === 'ingress' ? 'from' : 'to'),
    ]),
  ),
  ...list(spec['policyTypes']).flatMap((type, index) =>
    oneOf(type, `spec.policyTypes[${index}]`, ['Ingress', 'Egress']),
  ),
];

const policyPort = (port: JsonObject, field: string): Cause[] => [
  ...oneOf(port['protocol'], `${field}.protocol`, ['SCTP', 'TCP', 'UDP']),
  ...(port['port'] === undefined ? [] : portOrName(port['port'], `${field}.port`)),
  ...(typeof port['endPort'] === 'number' && typeof port['port'] === 'number' && port['endPort'] < port['port']
    ? [causes.invalid(`${field}.endPort`, port['endPort'], 'must be greater than or equal to `port`')]
    : []),
];

function policyPeer(peer: JsonObject, field: string): Cause[] {
  const block = peer['ipBlock'];
  const count = Object.keys(peer).length;
  const cidr = text(at(block, 'cidr'));
  return [
    ...(count === 0 ? [causes.required(field, 'must specify a peer')] : []),
    ...(block !== undefined && count > 1
      ? [causes.forbidden(field, 'may not specify both ipBlock and another peer')]
      : []),
    ...(block === undefined
      ? []
      : cidr === ''
        ? [causes.required(`${field}.ipBlock.cidr`)]
        : isCidr(cidr)
          ? []
          : [
              causes.invalid(
                `${field}.ipBlock.cidr`,
                cidr,
                'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
              ),
            ]),
  ];
}

function isCidr(text_: string): boolean {
  const [address = '', bits = ''] = text_.split('/');
  const version = isIP(address);
  return version > 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
}

export const budget: Rule = (spec) => {
  const [least, most] = [spec['minAvailable'], spec['maxUnavailable']];
  if (least !== undefined && most !== undefined) {
    const shown = {
      MinAvailable: least,
      Selector: spec['selector'] ?? null,
      MaxUnavailable: most,
      UnhealthyPodEvictionPolicy: spec['unhealthyPodEvictionPolicy'] ?? null,
    };
    return [causes.invalid('spec', shown, 'minAvailable and maxUnavailable cannot be both set')];
  }
  return [
    ...countOrShare(least, 'spec.minAvailable', { atMostAll: true }),
    ...countOrShare(most, 'spec.maxUnavailable', { atMostAll: true }),
    ...labelSelector(spec['selector'], 'spec.selector'),
  ];
};

export const autoscaler: Rule = (spec) => {
  const [least, most] = [spec['minReplicas'] ?? 1, spec['maxReplicas'] ?? 0];
  const metrics = trees(spec['metrics']);
  const target = tree(spec['scaleTargetRef']);
  const isOutside = metrics.some(({ type }) => type === 'Object' || type === 'External');
  return [
    ...(typeof least === 'number' && least < 1 && !(least === 0 && isOutside)
      ? [causes.invalid('spec.minReplicas', least, 'must be greater than or equal to 1')]
      : []),
    ...(typeof most === 'number' && most < 1
      ? [causes.required('spec.maxReplicas', 'must be set and greater than 0')]
      : []),
    ...(typeof most === 'number' && typeof least === 'number' && most < least
      ? [causes.invalid('spec.maxReplicas', most, 'must be greater than or equal to `minReplicas`')]
      : []),
    ...(text(target['apiVersion']) === ''
      ? [causes.invalid('spec.scaleTargetRef.apiVersion', '', 'apiVersion must specify API group')]
      : []),
    ...(text(target['kind']) === '' ? [causes.required('spec.scaleTargetRef.kind')] : []),
    ...(text(target['name']) === '' ? [causes.required('spec.scaleTargetRef.name')] : []),
    ...metrics.flatMap((metric, index) => validateMetric(metric, `spec.metrics[${index}]`)),
    ...(least === 0 && !isOutside
      ? [
          causes.forbidden(
            'spec.metrics',
            'must specify at least one Object or External metric to support scaling to zero replicas',
          ),
        ]
      : []),
  ];
};

const METRICS: Readonly<Record<string, string>> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
};

function validateMetric(metric: JsonObject, field: string): Cause[] {
  const type = text(metric['type']);
  if (type === '') return [causes.required(`${field}.type`, 'must specify a metric source type')];
  const source = METRICS[type];
  if (source === undefined) return [causes.unsupported(`${field}.type`, type, Object.keys(METRICS))];
  if (metric[source] === undefined)
    return [causes.required(`${field}.${source}`, 'must populate information for the given metric source')];
  return entries(at(metric[source], 'target')).length === 0 && at(metric[source], 'target') === undefined
    ? [causes.required(`${field}.${source}.target.type`, 'must specify a metric target type')]
    : notNegative(at(metric[source], 'target', 'averageUtilization'), `${field}.${source}.target.averageUtilization`);
}
