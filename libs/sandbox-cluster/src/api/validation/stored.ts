import type { Json, JsonObject } from '#kernel';
import { compareQuantities } from '#kubernetes/quantities';
import { metadataOf } from '../names.ts';
import { causes, type Cause } from '../status.ts';
import { at, configKey, dnsSubdomain, entries, list, oneOf, qualifiedName, text, tree, trees, word } from './words.ts';
import type { Rule } from './workloads.ts';

const MOST_BYTES = 1_048_576;

const bytesOf = (data: Json | undefined, encoded: boolean): number =>
  entries(data).reduce(
    (sum, [, value]) => sum + (encoded ? Math.floor((text(value).length * 3) / 4) : Buffer.byteLength(text(value))),
    0,
  );

export const configMap: Rule = (_spec, object) => [
  ...entries(object['data']).flatMap(([key]) => [
    ...word(key, `data[${key}]`, configKey),
    ...(tree(object['binaryData'])[key] === undefined
      ? []
      : [causes.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData')]),
  ]),
  ...entries(object['binaryData']).flatMap(([key]) => word(key, `binaryData[${key}]`, configKey)),
  ...(bytesOf(object['data'], false) + bytesOf(object['binaryData'], true) > MOST_BYTES
    ? [causes.tooLong('[]', MOST_BYTES)]
    : []),
];

/** Required keys for each type of Secret. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
};

export const secret: Rule = (_spec, object) => {
  const data = tree(object['data']);
  const type = text(object['type']);
  const config =
    type === 'kubernetes.io/dockerconfigjson'
      ? '.dockerconfigjson'
      : type === 'kubernetes.io/dockercfg'
        ? '.dockercfg'
        : undefined;
  return [
    ...entries(data).flatMap(([key]) => word(key, `data[${key}]`, configKey)),
    ...(bytesOf(data, true) > MOST_BYTES ? [causes.tooLong('data', MOST_BYTES)] : []),
    ...(NEEDED[type] ?? []).filter((key) => data[key] === undefined).map((key) => causes.required(`data[${key}]`)),
    ...(config !== undefined && data[config] !== undefined
      ? jsonFault(Buffer.from(text(data[config]), 'base64').toString('utf8'), `data[${config}]`)
      : []),
  ];
};

function jsonFault(content: string, field: string): Cause[] {
  try {
    JSON.parse(content);
    return [];
  } catch {
    const why =
      content === ''
        ? 'unexpected end of JSON input'
        : `invalid character '${content[0] ?? ''}' looking for beginning of value`;
    return [causes.invalid(field, '<secret contents redacted>', why)];
  }
}

const MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

export const claim: Rule = (spec) => {
  const storage = at(spec['resources'], 'requests', 'storage');
  const modes = list(spec['accessModes']);
  return [
    ...(modes.length === 0 ? [causes.required('spec.accessModes', 'at least 1 access mode is required')] : []),
    ...modes.flatMap((mode) => oneOf(mode, 'spec.accessModes', MODES)),
    ...(storage === undefined
      ? [causes.required('spec.resources[storage]')]
      : compareQuantities(String(storage), '0') === 1
        ? []
        : [causes.invalid('spec.resources[storage]', storage, 'must be greater than zero')]),
    ...(text(spec['storageClassName']) === ''
      ? []
      : word(text(spec['storageClassName']), 'spec.storageClassName', dnsSubdomain)),
  ];
};

const QUOTA =
  /^(cpu|memory|ephemeral-storage|pods|services|replicationcontrollers|resourcequotas|secrets|configmaps|persistentvolumeclaims|(requests|limits)\.(cpu|memory|ephemeral-storage)|requests\.storage|services\.(nodeports|loadbalancers)|hugepages-.+|requests\.hugepages-.+)$/;

export const quota: Rule = (spec) =>
  entries(spec['hard']).flatMap(([name, amount]) => {
    const field = `spec.hard[${name}]`;
    const isKnown = QUOTA.test(name) || name.includes('/');
    return [
      ...(name.includes('/') ? word(name, field, qualifiedName) : []),
      ...(isKnown
        ? []
        : [
            causes.invalid(field, name, 'must be a standard resource type or fully qualified'),
            causes.invalid(field, name, 'must be a standard resource for quota'),
          ]),
      ...(compareQuantities(String(amount), '0') === -1
        ? [causes.invalid(field, amount, 'must be greater than or equal to 0')]
        : []),
    ];
  });

/** Amounts of a limit that must be in order: the smaller one, the larger one, and the server's name for each. */
const CROSSED: readonly (readonly [string, string, string, string])[] = [
  ['min', 'max', 'min value', 'max value'],
  ['min', 'defaultRequest', 'min value', 'default request value'],
  ['defaultRequest', 'max', 'default request value', 'max value'],
  ['defaultRequest', 'default', 'default request value', 'default limit value'],
  ['min', 'default', 'min value', 'default value'],
  ['default', 'max', 'default value', 'max value'],
];

export const limits: Rule = (spec) => [
  ...doubledTypes(trees(spec['limits'])),
  ...trees(spec['limits']).flatMap(limitFaults),
];

function limitFaults(item: JsonObject, index: number): Cause[] {
  const names = new Set(['min', 'max', 'default', 'defaultRequest'].flatMap((part) => Object.keys(tree(item[part]))));
  return [...names].flatMap((name) =>
    CROSSED.flatMap(([low, high, lowName, highName]) => {
      const [least, most] = [tree(item[low])[name], tree(item[high])[name]];
      if (least === undefined || most === undefined || compareQuantities(String(least), String(most)) !== 1) return [];
      const field = low === 'min' && high !== 'max' ? high : low;
      return [
        causes.invalid(
          `spec.limits[${index}].${field}[${name}]`,
          high === 'defaultRequest' ? most : least,
          `${lowName} ${String(least)} is greater than ${highName} ${String(most)}`,
        ),
      ];
    }),
  );
}

/** Reports limits of the same type in several items. */
const doubledTypes = (items: readonly JsonObject[]): Cause[] =>
  items.flatMap((item, index) =>
    items.slice(0, index).some(({ type }) => type === item['type'])
      ? [causes.duplicate(`spec.limits[${index}].type`, item['type'])]
      : [],
  );

export const role: Rule = (_spec, object) =>
  trees(object['rules']).flatMap((rule, index) => {
    const field = `rules[${index}]`;
    const isUrl = list(rule['nonResourceURLs']).length > 0;
    const need = (name: string, why: string) =>
      list(rule[name]).length === 0 ? [causes.required(`${field}.${name}`, why)] : [];
    return [
      ...need('verbs', 'verbs must contain at least one value'),
      ...(isUrl
        ? []
        : [
            ...need('apiGroups', 'resource rules must supply at least one api group'),
            ...need('resources', 'resource rules must supply at least one resource'),
          ]),
    ];
  });

export const roleBinding =
  (kinds: readonly string[]): Rule =>
  (_spec, object) => {
    const reference: JsonObject = tree(object['roleRef']);
    return [
      ...oneOf(reference['apiGroup'], 'roleRef.apiGroup', ['rbac.authorization.k8s.io']),
      ...oneOf(reference['kind'] ?? '', 'roleRef.kind', kinds),
      ...(text(reference['name']) === '' ? [causes.required('roleRef.name')] : []),
      ...trees(object['subjects']).flatMap((subject, index) => {
        const field = `subjects[${index}]`;
        return [
          ...(text(subject['name']) === '' ? [causes.required(`${field}.name`)] : []),
          ...oneOf(subject['kind'] ?? '', `${field}.kind`, ['ServiceAccount', 'User', 'Group']),
          ...(subject['kind'] === 'ServiceAccount' && text(subject['namespace']) === '' && kinds.length === 1
            ? [causes.required(`${field}.namespace`)]
            : []),
        ];
      }),
    ];
  };

export const storageClass: Rule = (_spec, object) => [
  ...(text(object['provisioner']) === ''
    ? [causes.required('provisioner')]
    : word(text(object['provisioner']).toLowerCase(), 'provisioner', qualifiedName)),
  ...oneOf(object['reclaimPolicy'], 'reclaimPolicy', ['Delete', 'Retain']),
  ...oneOf(object['volumeBindingMode'], 'volumeBindingMode', ['Immediate', 'WaitForFirstConsumer']),
];

/** Validates an event: it must be in the namespace of its object, or in `default` if that is cluster-scoped. */
export const event: Rule = (_spec, object) => {
  const { namespace } = metadataOf(object);
  const about = tree(object['involvedObject'] ?? object['regarding'])['namespace'];
  const fits = about === namespace || (text(about) === '' && namespace === 'default');
  return fits ? [] : [causes.invalid('involvedObject.namespace', text(about), 'does not match event.namespace')];
};

/** Validates a CustomResourceDefinition: its name, exactly one stored version, and a schema for each version. */
export const customResourceDefinition: Rule = (spec, object) => {
  const versions = list(spec['versions']).map(tree);
  const plural = text(at(spec['names'], 'plural'));
  const name = text(metadataOf(object)['name']);
  return [
    ...(name === `${plural}.${text(spec['group'])}`
      ? []
      : [causes.invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group')]),
    ...versions.flatMap((version, index) =>
      at(version, 'schema', 'openAPIV3Schema') === undefined
        ? [causes.required(`spec.versions[${index}].schema.openAPIV3Schema`)]
        : [],
    ),
    ...(versions.filter((version) => version['storage'] === true).length === 1
      ? []
      : [
          causes.invalid(
            'spec.versions',
            versions.map((version) => text(version['name'])),
            'must have exactly one version marked as storage version',
          ),
        ]),
    ...(text(at(spec['names'], 'kind')) === '' ? [causes.required('spec.names.kind')] : []),
  ];
};
