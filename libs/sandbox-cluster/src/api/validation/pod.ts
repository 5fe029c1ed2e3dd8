import type { Json, JsonObject } from '#kernel';
import { compareQuantities } from '#kubernetes/quantities';
import { isObject } from '../../store.ts';
import { causes, type Cause } from '../status.ts';
import {
  at,
  dnsLabel,
  dnsSubdomain,
  entries,
  labelMap,
  list,
  notNegative,
  oneOf,
  portName,
  portNumber,
  portOrName,
  qualifiedName,
  text,
  tree,
  trees,
  word,
  type WordRule,
} from './words.ts';

const FIELD_PATHS =
  /^(metadata\.(name|namespace|uid|annotations|labels)|metadata\.(labels|annotations)\['[^']+'\]|spec\.(nodeName|serviceAccountName)|status\.(hostIP|hostIPs|podIP|podIPs))$/;
const RESOURCES = /^(cpu|memory|ephemeral-storage|hugepages-.+)$/;

/** Restart policies that a pod or pod template allows. Jobs must specify one. */
export interface PodPlace {
  readonly restart: readonly string[];
  readonly restartRequired?: boolean;
}

/** Validates a pod spec, in a Pod or in a template. */
export function validatePodSpec(given: Json | undefined, field: string, place: PodPlace): Cause[] {
  const spec = tree(given);
  const volumes = new Map(trees(spec['volumes']).map((volume) => [text(volume['name']), volume]));
  const names = new Set<string>();
  const policy = text(spec['restartPolicy']);
  const isOneOf = place.restart.includes(policy);
  return [
    ...trees(spec['volumes']).flatMap((volume, index) =>
      validateVolume(
        volume,
        `${field}.volumes[${index}]`,
        index > 0 &&
          trees(spec['volumes'])
            .slice(0, index)
            .some(({ name }) => name === volume['name']),
      ),
    ),
    ...(list(spec['containers']).length === 0 ? [causes.required(`${field}.containers`)] : []),
    ...trees(spec['containers']).flatMap((container, index) =>
      validateContainer(container, `${field}.containers[${index}]`, { volumes, names, isInit: false }),
    ),
    ...trees(spec['initContainers']).flatMap((container, index) =>
      validateContainer(container, `${field}.initContainers[${index}]`, { volumes, names, isInit: true }),
    ),
    ...(policy !== '' && !['Always', 'OnFailure', 'Never'].includes(policy) && !place.restartRequired
      ? [causes.unsupported(`${field}.restartPolicy`, policy, ['Always', 'OnFailure', 'Never'])]
      : []),
    ...oneOf(spec['dnsPolicy'], `${field}.dnsPolicy`, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']),
    ...labelMap(spec['nodeSelector'], `${field}.nodeSelector`),
    ...validatePodSecurity(tree(spec['securityContext']), `${field}.securityContext`),
    ...(spec['shareProcessNamespace'] === true && spec['hostPID'] === true
      ? [
          causes.invalid(
            `${field}.securityContext.shareProcessNamespace`,
            true,
            'ShareProcessNamespace and HostPID cannot both be enabled',
          ),
        ]
      : []),
    ...optionalWord(spec['serviceAccountName'], `${field}.serviceAccountName`, dnsSubdomain),
    ...optionalWord(spec['nodeName'], `${field}.nodeName`, dnsSubdomain),
    ...range(spec['activeDeadlineSeconds'], `${field}.activeDeadlineSeconds`, 1, 2_147_483_647),
    ...optionalWord(spec['hostname'], `${field}.hostname`, dnsLabel),
    ...optionalWord(spec['subdomain'], `${field}.subdomain`, dnsLabel),
    ...trees(spec['tolerations']).flatMap((toleration, index) =>
      validateToleration(toleration, `${field}.tolerations[${index}]`),
    ),
    ...(place.restartRequired === true
      ? isOneOf
        ? []
        : policy === '' || policy === 'Always'
          ? [
              causes.required(
                `${field}.restartPolicy`,
                `valid values: ${place.restart.map((word_) => JSON.stringify(word_)).join(', ')}`,
              ),
            ]
          : [causes.unsupported(`${field}.restartPolicy`, policy, place.restart)]
      : isOneOf
        ? []
        : place.restart.length === 3
          ? []
          : [causes.unsupported(`${field}.restartPolicy`, policy, place.restart)]),
  ];
}

const optionalWord = (value: Json | undefined, field: string, rule: WordRule): Cause[] =>
  text(value) === '' ? [] : word(text(value), field, rule);
const range = (value: Json | undefined, field: string, least: number, most: number): Cause[] =>
  typeof value === 'number' && (value < least || value > most)
    ? [causes.invalid(field, value, `must be between ${least} and ${most}, inclusive`)]
    : [];

function validateContainer(
  container: JsonObject,
  field: string,
  {
    volumes,
    names,
    isInit,
  }: { readonly volumes: ReadonlyMap<string, JsonObject>; readonly names: Set<string>; readonly isInit: boolean },
): Cause[] {
  const name = text(container['name']);
  const isDouble = names.has(name);
  names.add(name);
  const ports = trees(container['ports']);
  const restarts = isInit && container['restartPolicy'] === 'Always';
  const probes: Cause[] =
    isInit && !restarts
      ? ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe']
          .filter((probe) => container[probe] !== undefined)
          .map((probe) =>
            causes.forbidden(`${field}.${probe}`, 'may not be set for init containers without restartPolicy=Always'),
          )
      : [];
  return [
    ...(name === '' ? [causes.required(`${field}.name`)] : word(name, `${field}.name`, dnsLabel)),
    ...(name !== '' && isDouble ? [causes.duplicate(`${field}.name`, name)] : []),
    ...(text(container['image']) === '' ? [causes.required(`${field}.image`)] : []),
    ...oneOf(container['terminationMessagePolicy'], `${field}.terminationMessagePolicy`, [
      'FallbackToLogsOnError',
      'File',
    ]),
    ...validatePorts(ports, `${field}.ports`),
    ...trees(container['env']).flatMap((variable, index) => validateVariable(variable, `${field}.env[${index}]`)),
    ...validateMounts(trees(container['volumeMounts']), `${field}.volumeMounts`, volumes),
    ...(probes.length > 0
      ? probes
      : ['livenessProbe', 'readinessProbe', 'startupProbe'].flatMap((probe) =>
          container[probe] === undefined
            ? []
            : validateProbe(tree(container[probe]), `${field}.${probe}`, probe !== 'readinessProbe'),
        )),
    ...['postStart', 'preStop'].flatMap((hook) =>
      ((handler) => (handler === undefined ? [] : validateHandler(tree(handler), `${field}.lifecycle.${hook}`)))(
        at(container['lifecycle'], hook),
      ),
    ),
    ...oneOf(container['imagePullPolicy'], `${field}.imagePullPolicy`, ['Always', 'IfNotPresent', 'Never']),
    ...validateResources(tree(container['resources']), `${field}.resources`),
    ...(container['securityContext'] === undefined
      ? []
      : validateSecurity(tree(container['securityContext']), `${field}.securityContext`)),
  ];
}

function validatePorts(ports: readonly JsonObject[], field: string): Cause[] {
  const names = new Set<string>();
  return ports.flatMap((port, index) => {
    const name = text(port['name']);
    const isDouble = name !== '' && names.has(name);
    names.add(name);
    const number = port['containerPort'];
    return [
      ...(name === '' ? [] : word(name, `${field}[${index}].name`, portName)),
      ...(isDouble ? [causes.duplicate(`${field}[${index}].name`, name)] : []),
      ...(number === undefined || number === 0
        ? [causes.required(`${field}[${index}].containerPort`)]
        : portNumber(number, `${field}[${index}].containerPort`)),
      ...(port['hostPort'] === undefined || port['hostPort'] === 0
        ? []
        : portNumber(port['hostPort'], `${field}[${index}].hostPort`)),
      ...oneOf(port['protocol'], `${field}[${index}].protocol`, ['SCTP', 'TCP', 'UDP']),
    ];
  });
}

function validateVariable(variable: JsonObject, field: string): Cause[] {
  const name = text(variable['name']);
  const from = variable['valueFrom'];
  return [
    ...(name === ''
      ? [causes.required(`${field}.name`)]
      : /^[ -<>-~]+$/.test(name)
        ? []
        : [
            causes.invalid(
              `${field}.name`,
              name,
              "a valid environment variable name must consist only of printable ASCII characters other than '='",
            ),
          ]),
    ...(from === undefined ? [] : validateValueFrom(tree(from), `${field}.valueFrom`, text(variable['value']) !== '')),
  ];
}

function validateValueFrom(from: JsonObject, field: string, hasValue: boolean): Cause[] {
  const sources = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'].filter(
    (source) => from[source] !== undefined,
  );
  const count: Cause[] =
    sources.length === 0
      ? [
          causes.invalid(
            field,
            '',
            'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
          ),
        ]
      : hasValue
        ? [causes.invalid(field, '', 'may not be specified when `value` is not empty')]
        : sources.length > 1
          ? [causes.invalid(field, '', 'may not have more than one field specified at a time')]
          : [];
  const path = text(at(from, 'fieldRef', 'fieldPath'));
  return [
    ...(from['fieldRef'] === undefined
      ? []
      : path === ''
        ? [causes.required(`${field}.fieldRef.fieldPath`)]
        : FIELD_PATHS.test(path)
          ? []
          : [
              causes.invalid(
                `${field}.fieldRef.fieldPath`,
                path,
                `error converting fieldPath: field label not supported: ${path}`,
              ),
            ]),
    ...(from['resourceFieldRef'] !== undefined && text(at(from, 'resourceFieldRef', 'resource')) === ''
      ? [causes.required(`${field}.resourceFieldRef.resource`)]
      : []),
    ...['configMapKeyRef', 'secretKeyRef'].flatMap((source) => {
      const reference = from[source];
      if (reference === undefined) return [];
      return [
        ...word(text(at(reference, 'name')), `${field}.${source}.name`, dnsSubdomain),
        ...(text(at(reference, 'key')) === '' ? [causes.required(`${field}.${source}.key`)] : []),
      ];
    }),
    ...count,
  ];
}

function validateMounts(
  mounts: readonly JsonObject[],
  field: string,
  volumes: ReadonlyMap<string, JsonObject>,
): Cause[] {
  const paths = new Set<string>();
  return mounts.flatMap((mount, index) => {
    const [name, path, sub] = [text(mount['name']), text(mount['mountPath']), text(mount['subPath'])];
    const isDouble = path !== '' && paths.has(path);
    paths.add(path);
    const place = `${field}[${index}]`;
    return [
      ...(name === ''
        ? [causes.required(`${place}.name`)]
        : volumes.has(name)
          ? []
          : [causes.notFound(`${place}.name`, name)]),
      ...(path === '' ? [causes.required(`${place}.mountPath`)] : []),
      ...(isDouble ? [causes.invalid(`${place}.mountPath`, path, 'must be unique')] : []),
      ...(sub.split('/').includes('..')
        ? [causes.invalid(`${field}.subPath`, sub, "must not contain '..'")]
        : sub.startsWith('/')
          ? [causes.invalid(`${field}.subPath`, sub, 'must be a relative path')]
          : []),
    ];
  });
}

const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'];

function validateHandler(handler: JsonObject, field: string): Cause[] {
  const given = HANDLERS.filter((name) => handler[name] !== undefined);
  const [first, ...others] = given;
  if (first === undefined) return [causes.required(field, 'must specify a handler type')];
  const inner = tree(handler[first]);
  const place = `${field}.${first}`;
  const own: Cause[] =
    first === 'exec'
      ? list(inner['command']).length === 0
        ? [causes.required(`${place}.command`)]
        : []
      : first === 'httpGet'
        ? [
            ...(text(inner['path']) === '' ? [causes.required(`${place}.path`)] : []),
            ...portOrName(inner['port'], `${place}.port`),
            ...oneOf(inner['scheme'], `${place}.scheme`, ['HTTP', 'HTTPS']),
          ]
        : first === 'tcpSocket'
          ? portOrName(inner['port'], `${place}.port`)
          : first === 'grpc'
            ? portNumber(inner['port'], `${place}.port`)
            : [];
  return [
    ...own,
    ...others.map((other) => causes.forbidden(`${field}.${other}`, 'may not specify more than 1 handler type')),
  ];
}

function validateProbe(probe: JsonObject, field: string, onceOnly: boolean): Cause[] {
  const numbers = ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'];
  const success = probe['successThreshold'];
  return [
    ...validateHandler(probe, field),
    ...numbers.flatMap((name) => notNegative(probe[name], `${field}.${name}`)),
    ...(onceOnly && typeof success === 'number' && success !== 1
      ? [causes.invalid(`${field}.successThreshold`, success, 'must be 1')]
      : []),
  ];
}

/** Validates the requests and limits of a container. */
function validateResources(resources: JsonObject, field: string): Cause[] {
  const limits = tree(resources['limits']);
  const one = (kind: string, name: string, amount: Json): Cause[] => {
    const place = `${field}.${kind}[${name}]`;
    const isKnown = RESOURCES.test(name) || name.includes('/');
    return [
      ...(name.includes('/') ? word(name, place, qualifiedName) : []),
      ...(isKnown
        ? []
        : [
            causes.invalid(place, name, 'must be a standard resource type or fully qualified'),
            causes.invalid(place, name, 'must be a standard resource for containers'),
          ]),
      ...(compareQuantities(String(amount), '0') === -1
        ? [causes.invalid(place, amount, 'must be greater than or equal to 0')]
        : []),
    ];
  };
  return [
    ...entries(limits).flatMap(([name, amount]) => one('limits', name, amount)),
    ...entries(resources['requests']).flatMap(([name, amount]) => {
      const limit = limits[name];
      return [
        ...one('requests', name, amount),
        ...(limit !== undefined && compareQuantities(String(amount), String(limit)) === 1
          ? [
              causes.invalid(
                `${field}.requests`,
                amount,
                `must be less than or equal to ${name} limit of ${String(limit)}`,
              ),
            ]
          : []),
      ];
    }),
  ];
}

/**
 * Fields of a security context in Go's print order. Each value is what Go prints for a missing field, or the fields of
 * a nested structure.
 */
const CONTEXT: JsonObject = {
  capabilities: { add: null, drop: null },
  privileged: null,
  seLinuxOptions: { user: '', role: '', type: '', level: '' },
  windowsOptions: { gmsaCredentialSpecName: null, gmsaCredentialSpec: null, runAsUserName: null, hostProcess: null },
  runAsUser: null,
  runAsGroup: null,
  runAsNonRoot: null,
  readOnlyRootFilesystem: null,
  allowPrivilegeEscalation: null,
  procMount: null,
  seccompProfile: { type: '', localhostProfile: null },
  appArmorProfile: { type: '', localhostProfile: null },
};

const asGoPrints = (fields: JsonObject, value: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(fields).map(([name, fallback = null]) => {
      const said = value[name];
      const goName = name.replace(/^(se(?=L)|gmsa|.)/, (first) => first.toUpperCase());
      return [goName, isObject(fallback) ? (isObject(said) ? asGoPrints(fallback, said) : null) : (said ?? fallback)];
    }),
  );

function validateSecurity(context: JsonObject, field: string): Cause[] {
  const shown = asGoPrints(CONTEXT, context);
  const { privileged, allowPrivilegeEscalation } = context;
  return [
    ...validatePodSecurity(context, field),
    ...(privileged === true && allowPrivilegeEscalation === false
      ? [causes.invalid(field, shown, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true')]
      : []),
    ...(allowPrivilegeEscalation === false && list(at(context['capabilities'], 'add')).includes('CAP_SYS_ADMIN')
      ? [
          causes.invalid(
            field,
            shown,
            'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN',
          ),
        ]
      : []),
  ];
}

function validatePodSecurity(context: JsonObject, field: string): Cause[] {
  const profile = context['seccompProfile'];
  return [
    ...['runAsUser', 'runAsGroup', 'fsGroup'].flatMap((name) =>
      range(context[name], `${field}.${name}`, 0, 2_147_483_647),
    ),
    ...(profile === undefined
      ? []
      : oneOf(at(profile, 'type') ?? '', `${field}.seccompProfile.type`, [
          'Localhost',
          'RuntimeDefault',
          'Unconfined',
        ])),
  ];
}

/** Required field of each volume source. */
const SOURCE_RULES: Readonly<Record<string, string>> = {
  configMap: 'name',
  secret: 'secretName',
  persistentVolumeClaim: 'claimName',
  hostPath: 'path',
  csi: 'driver',
};

function validateVolume(volume: JsonObject, field: string, isDouble: boolean): Cause[] {
  const name = text(volume['name']);
  const sources = Object.keys(volume).filter((key) => key !== 'name');
  const [first, ...others] = sources;
  const need = first === undefined ? undefined : SOURCE_RULES[first];
  return [
    ...(name === '' ? [causes.required(`${field}.name`)] : word(name, `${field}.name`, dnsLabel)),
    ...(isDouble ? [causes.duplicate(`${field}.name`, name)] : []),
    ...(first !== undefined && need !== undefined && others.length === 0 && text(at(volume[first], need)) === ''
      ? [causes.required(`${field}.${first}.${need}`)]
      : []),
    ...(others.length > 0
      ? [...sources]
          .sort((a, b) => SOURCE_ORDER.indexOf(a) - SOURCE_ORDER.indexOf(b))
          .slice(1)
          .map((other) => causes.forbidden(`${field}.${other}`, 'may not specify more than 1 volume type'))
      : []),
  ];
}

/** Order in which a server checks volume sources. */
const SOURCE_ORDER = [
  'emptyDir',
  'hostPath',
  'gitRepo',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'secret',
  'nfs',
  'iscsi',
  'glusterfs',
  'flocker',
  'persistentVolumeClaim',
  'rbd',
  'cephfs',
  'quobyte',
  'downwardAPI',
  'fc',
  'configMap',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'storageos',
  'projected',
  'scaleIO',
  'csi',
  'ephemeral',
  'image',
];

function validateToleration(toleration: JsonObject, field: string): Cause[] {
  const [key, operator, value] = [text(toleration['key']), text(toleration['operator']), text(toleration['value'])];
  const effect = text(toleration['effect']);
  return [
    ...(key === '' ? [] : word(key, `${field}.key`, qualifiedName)),
    ...(key === '' && operator !== 'Exists'
      ? [
          causes.invalid(
            `${field}.operator`,
            operator === '' ? 'Equal' : operator,
            'operator must be Exists when `key` is empty, which means "match all values and all keys"',
          ),
        ]
      : []),
    ...(operator === '' || operator === 'Equal' || key === ''
      ? []
      : operator === 'Exists'
        ? value === ''
          ? []
          : [causes.invalid(`${field}.operator`, tree(toleration), "value must be empty when `operator` is 'Exists'")]
        : [causes.unsupported(`${field}.operator`, operator, ['Equal', 'Exists'])]),
    ...(effect === '' ? [] : oneOf(effect, `${field}.effect`, ['NoExecute', 'NoSchedule', 'PreferNoSchedule'])),
  ];
}

/** Validates an update of a pod: only images, deadlines, and additional tolerations may change. */
export function validatePodUpdate(live: JsonObject, next: JsonObject): readonly [JsonObject, JsonObject] {
  const strip = (spec: JsonObject): JsonObject => ({
    ...spec,
    containers: trees(spec['containers']).map((container) => ({ ...container, image: '' })),
    initContainers: trees(spec['initContainers']).map((container) => ({ ...container, image: '' })),
    activeDeadlineSeconds: null,
    tolerations: null,
    terminationGracePeriodSeconds: null,
    nodeName: null,
  });
  return [strip(tree(live['spec'])), strip(tree(next['spec']))];
}
