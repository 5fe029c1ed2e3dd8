import type { Json, JsonObject } from '#kernel';
import type { KubeObject } from '../store.ts';
import { duration } from './duration.ts';
import { podCells } from './pod-cells.ts';
import { at, countAt, listAt, pairsAt, textAt, treeAt } from './reading.ts';
import { selectorText } from './scale.ts';

export type Cell = string | number | boolean;
/**
 * Returns the table cells of one kind after the name, in the order of its columns.
 * @param age time since creation, in kubectl's format
 */
type Printer = (object: KubeObject, age: string, nowMs: number) => readonly Cell[];

const orNone = (words: readonly string[]): string => (words.length === 0 ? '<none>' : words.join(','));
const selector = (object: KubeObject): string => selectorText(at(object, 'spec', 'selector')) || '<none>';
const containers = (object: KubeObject, member: 'name' | 'image', ...path: readonly string[]): string =>
  listAt(object, ...(path.length > 0 ? path : ['spec', 'template', 'spec']), 'containers')
    .map((container) => textAt(container, member))
    .join(',');
const workload = (object: KubeObject): readonly Cell[] => [
  containers(object, 'name'),
  containers(object, 'image'),
  selector(object),
];
const size = (value: Json | undefined): number => Object.keys(treeAt(value)).length;
const since = (time: string, nowMs: number): string => (time === '' ? '<none>' : duration(Date.parse(time), nowMs));
const title = (value: boolean): string => (value ? 'True' : 'False');
const addresses = (object: KubeObject): string[] =>
  listAt(object, 'status', 'loadBalancer', 'ingress').map((entry) => textAt(entry, 'ip') || textAt(entry, 'hostname'));

const MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};
const modes = (values: readonly Json[]): string =>
  values.map((value) => MODES[String(value)] ?? String(value)).join(',');

function servicePorts(object: KubeObject): string {
  return orNone(
    listAt(object, 'spec', 'ports').map(
      (port) =>
        `${countAt(port, 'port')}${countAt(port, 'nodePort') > 0 ? `:${countAt(port, 'nodePort')}` : ''}/${textAt(port, 'protocol')}`,
    ),
  );
}

function outside(object: KubeObject): string {
  const external = listAt(object, 'spec', 'externalIPs').map(String);
  switch (textAt(object, 'spec', 'type')) {
    case 'LoadBalancer': {
      const given = [...addresses(object), ...external];
      return given.length > 0 ? given.join(',') : '<pending>';
    }
    case 'ExternalName':
      return textAt(object, 'spec', 'externalName');
    default:
      return orNone(external);
  }
}

function jobStatus(object: KubeObject): string {
  const has = (type: string) =>
    listAt(object, 'status', 'conditions').some(
      (condition) => textAt(condition, 'type') === type && textAt(condition, 'status') === 'True',
    );
  if (has('Complete')) return 'Complete';
  if (has('Failed')) return 'Failed';
  if (object.metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (has('Suspended')) return 'Suspended';
  return has('FailureTarget') ? 'FailureTarget' : has('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running';
}

function jobCompletions(object: KubeObject): string {
  const [done, wanted] = [countAt(object, 'status', 'succeeded'), at(object, 'spec', 'completions')];
  if (typeof wanted === 'number') return `${done}/${wanted}`;
  const parallel = countAt(object, 'spec', 'parallelism');
  return parallel > 1 ? `${done}/1 of ${parallel}` : `${done}/1`;
}

function jobDuration(object: KubeObject, nowMs: number): string {
  const [start, end] = [textAt(object, 'status', 'startTime'), textAt(object, 'status', 'completionTime')];
  return start === '' ? '' : duration(Date.parse(start), end === '' ? nowMs : Date.parse(end));
}

function metricTargets(object: KubeObject): string {
  const current = listAt(object, 'status', 'currentMetrics');
  const texts = listAt(object, 'spec', 'metrics').map((metric, index) => {
    const name = textAt(metric, 'resource', 'name');
    const wanted = textAt(metric, 'resource', 'target', 'averageUtilization');
    const now = textAt(current[index], 'resource', 'current', 'averageUtilization');
    return `${name}: ${now === '' ? '<unknown>' : `${now}%`}/${wanted === '' ? textAt(metric, 'resource', 'target', 'averageValue') || '<auto>' : `${wanted}%`}`;
  });
  return texts.length === 0
    ? '<none>'
    : texts.length > 2
      ? `${texts.slice(0, 2).join(', ')} + ${texts.length - 2} more...`
      : texts.join(', ');
}

function nodeStatus(object: KubeObject): string {
  const ready = listAt(object, 'status', 'conditions').find((condition) => textAt(condition, 'type') === 'Ready');
  const words = [ready === undefined ? 'Unknown' : textAt(ready, 'status') === 'True' ? 'Ready' : 'NotReady'];
  if (at(object, 'spec', 'unschedulable') === true) words.push('SchedulingDisabled');
  return words.join(',');
}

const nodeAddress = (object: KubeObject, type: string): string =>
  textAt(
    listAt(object, 'status', 'addresses').find((entry) => textAt(entry, 'type') === type),
    'address',
  ) || '<none>';
const nodeRoles = (object: KubeObject): string =>
  orNone(
    Object.keys(object.metadata.labels ?? {})
      .filter((label) => label.startsWith('node-role.kubernetes.io/'))
      .map((label) => label.slice('node-role.kubernetes.io/'.length)),
  );

/** Shows up to three values and the number of the others, as kubectl does for endpoints. */
function few(words: readonly string[]): string {
  if (words.length === 0) return '<none>';
  return words.length > 3 ? `${words.slice(0, 3).join(',')} + ${words.length - 3} more...` : words.join(',');
}

const subjects = (object: KubeObject, kind: string): string =>
  listAt(object, 'subjects')
    .filter((subject) => textAt(subject, 'kind') === kind)
    .map((subject) =>
      kind === 'ServiceAccount'
        ? `${textAt(subject, 'namespace')}/${textAt(subject, 'name')}`
        : textAt(subject, 'name'),
    )
    .join(', ');
const binding: Printer = (object, age) => [
  `${textAt(object, 'roleRef', 'kind')}/${textAt(object, 'roleRef', 'name')}`,
  age,
  subjects(object, 'User'),
  subjects(object, 'Group'),
  subjects(object, 'ServiceAccount'),
];

const event: Printer = (object, _age, nowMs) => {
  const [first, last] = [
    textAt(object, 'firstTimestamp') || textAt(object, 'eventTime'),
    textAt(object, 'lastTimestamp') || textAt(object, 'eventTime') || textAt(object, 'firstTimestamp'),
  ];
  const ago = (time: string) => (time === '' ? '<unknown>' : duration(Date.parse(time), nowMs));
  const about = treeAt(object, 'involvedObject');
  const name = textAt(about, 'name');
  return [
    ago(last),
    textAt(object, 'type'),
    textAt(object, 'reason'),
    name === '' ? textAt(about, 'kind').toLowerCase() : `${textAt(about, 'kind').toLowerCase()}/${name}`,
    textAt(about, 'fieldPath'),
    [textAt(object, 'source', 'component') || textAt(object, 'reportingComponent'), textAt(object, 'source', 'host')]
      .filter(Boolean)
      .join(', '),
    textAt(object, 'message').trim(),
    ago(first),
    countAt(object, 'count') || 1,
    object.metadata.name,
  ];
};

const quotaText = (object: KubeObject, wanted: (name: string) => boolean): string => {
  const used = treeAt(object, 'status', 'used');
  return Object.entries(treeAt(object, 'status', 'hard'))
    .filter(([name]) => wanted(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, hard]) => `${name}: ${textAt(used, name)}/${String(hard)}`)
    .join(', ');
};

/** Kinds with their own columns. All other kinds show their name and age. */
export const PRINTERS: Readonly<Record<string, Printer>> = {
  ClusterRoleBinding: binding,
  ConfigMap: (object, age) => [size(object['data']) + size(object['binaryData']), age],
  ControllerRevision: (object, age) =>
    ((owner) => [
      owner
        ? `${owner.kind.toLowerCase()}${owner.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0] ?? ''}` : ''}/${owner.name}`
        : '<none>',
      countAt(object, 'revision'),
      age,
    ])(object.metadata.ownerReferences?.find(({ controller }) => controller === true)),
  CronJob: (object, age, nowMs) => [
    textAt(object, 'spec', 'schedule'),
    textAt(object, 'spec', 'timeZone') || '<none>',
    title(at(object, 'spec', 'suspend') === true),
    listAt(object, 'status', 'active').length,
    since(textAt(object, 'status', 'lastScheduleTime'), nowMs),
    age,
    containers(object, 'name', 'spec', 'jobTemplate', 'spec', 'template', 'spec'),
    containers(object, 'image', 'spec', 'jobTemplate', 'spec', 'template', 'spec'),
    '<none>',
  ],
  DaemonSet: (object, age) => [
    countAt(object, 'status', 'desiredNumberScheduled'),
    countAt(object, 'status', 'currentNumberScheduled'),
    countAt(object, 'status', 'numberReady'),
    countAt(object, 'status', 'updatedNumberScheduled'),
    countAt(object, 'status', 'numberAvailable'),
    orNone(pairsAt(object, 'spec', 'template', 'spec', 'nodeSelector')),
    age,
    ...workload(object),
  ],
  Deployment: (object, age) => [
    `${countAt(object, 'status', 'readyReplicas')}/${countAt(object, 'spec', 'replicas')}`,
    countAt(object, 'status', 'updatedReplicas'),
    countAt(object, 'status', 'availableReplicas'),
    age,
    ...workload(object),
  ],
  Endpoints: (object, age) => [
    few(
      listAt(object, 'subsets').flatMap((subset) =>
        listAt(subset, 'addresses').flatMap((address) =>
          listAt(subset, 'ports').map((port) => `${textAt(address, 'ip')}:${textAt(port, 'port')}`),
        ),
      ),
    ),
    age,
  ],
  EndpointSlice: (object, age) => [
    textAt(object, 'addressType'),
    listAt(object, 'ports').length === 0 ? '<unset>' : few(listAt(object, 'ports').map((port) => textAt(port, 'port'))),
    listAt(object, 'endpoints').length === 0
      ? '<unset>'
      : few(listAt(object, 'endpoints').flatMap((endpoint) => listAt(endpoint, 'addresses').map(String))),
    age,
  ],
  HorizontalPodAutoscaler: (object, age) => [
    `${textAt(object, 'spec', 'scaleTargetRef', 'kind')}/${textAt(object, 'spec', 'scaleTargetRef', 'name')}`,
    metricTargets(object),
    textAt(object, 'spec', 'minReplicas') || '<unset>',
    countAt(object, 'spec', 'maxReplicas'),
    countAt(object, 'status', 'currentReplicas'),
    age,
  ],
  Ingress: (object, age) => [
    textAt(object, 'spec', 'ingressClassName') || '<none>',
    ((hosts) => (hosts.length === 0 ? '*' : few(hosts)))(
      listAt(object, 'spec', 'rules')
        .map((rule) => textAt(rule, 'host'))
        .filter(Boolean),
    ),
    addresses(object).join(','),
    listAt(object, 'spec', 'tls').length > 0 ? '80, 443' : '80',
    age,
  ],
  IngressClass: (object, age) => [
    textAt(object, 'spec', 'controller'),
    ((kind) =>
      kind === ''
        ? '<none>'
        : `${kind}.${textAt(object, 'spec', 'parameters', 'apiGroup')}/${textAt(object, 'spec', 'parameters', 'name')}`)(
      textAt(object, 'spec', 'parameters', 'kind'),
    ),
    age,
  ],
  Job: (object, age, nowMs) => [
    jobStatus(object),
    jobCompletions(object),
    jobDuration(object, nowMs),
    age,
    ...workload(object),
  ],
  Lease: (object, age) => [textAt(object, 'spec', 'holderIdentity'), age],
  Namespace: (object, age) => [textAt(object, 'status', 'phase'), age],
  NetworkPolicy: (object, age) => [selectorText(at(object, 'spec', 'podSelector')) || '<none>', age],
  Node: (object, age) => [
    nodeStatus(object),
    nodeRoles(object),
    age,
    textAt(object, 'status', 'nodeInfo', 'kubeletVersion'),
    nodeAddress(object, 'InternalIP'),
    nodeAddress(object, 'ExternalIP'),
    textAt(object, 'status', 'nodeInfo', 'osImage') || '<unknown>',
    textAt(object, 'status', 'nodeInfo', 'kernelVersion') || '<unknown>',
    textAt(object, 'status', 'nodeInfo', 'containerRuntimeVersion') || '<unknown>',
  ],
  PersistentVolume: (object, age) => [
    textAt(object, 'spec', 'capacity', 'storage'),
    modes(listAt(object, 'spec', 'accessModes')),
    textAt(object, 'spec', 'persistentVolumeReclaimPolicy'),
    textAt(object, 'status', 'phase'),
    ((claim: JsonObject) =>
      Object.keys(claim).length === 0 ? '' : `${textAt(claim, 'namespace')}/${textAt(claim, 'name')}`)(
      treeAt(object, 'spec', 'claimRef'),
    ),
    textAt(object, 'spec', 'storageClassName'),
    textAt(object, 'spec', 'volumeAttributesClassName') || '<unset>',
    textAt(object, 'status', 'reason'),
    age,
    textAt(object, 'spec', 'volumeMode') || '<unset>',
  ],
  PersistentVolumeClaim: (object, age) => [
    textAt(object, 'status', 'phase'),
    textAt(object, 'spec', 'volumeName'),
    textAt(object, 'status', 'capacity', 'storage'),
    modes(listAt(object, 'status', 'accessModes')),
    textAt(object, 'spec', 'storageClassName'),
    textAt(object, 'spec', 'volumeAttributesClassName') || '<unset>',
    age,
    textAt(object, 'spec', 'volumeMode') || '<unset>',
  ],
  Pod: (object, age, nowMs) => [
    ...podCells(object, nowMs),
    age,
    textAt(object, 'status', 'podIP') || '<none>',
    textAt(object, 'spec', 'nodeName') || '<none>',
    textAt(object, 'status', 'nominatedNodeName') || '<none>',
    ((gates) =>
      gates.length === 0
        ? '<none>'
        : `${gates.filter((gate) => listAt(object, 'status', 'conditions').some((condition) => textAt(condition, 'type') === textAt(gate, 'conditionType') && textAt(condition, 'status') === 'True')).length}/${gates.length}`)(
      listAt(object, 'spec', 'readinessGates'),
    ),
  ],
  PodDisruptionBudget: (object, age) => [
    textAt(object, 'spec', 'minAvailable') || 'N/A',
    textAt(object, 'spec', 'maxUnavailable') || 'N/A',
    countAt(object, 'status', 'disruptionsAllowed'),
    age,
  ],
  ReplicaSet: (object, age) => [
    countAt(object, 'spec', 'replicas'),
    countAt(object, 'status', 'replicas'),
    countAt(object, 'status', 'readyReplicas'),
    age,
    ...workload(object),
  ],
  ResourceQuota: (object, age) => [
    quotaText(object, (name) => !name.startsWith('limits.')),
    quotaText(object, (name) => name.startsWith('limits.')),
    age,
  ],
  RoleBinding: binding,
  Secret: (object, age) => [textAt(object, 'type'), size(object['data']), age],
  Service: (object, age) => [
    textAt(object, 'spec', 'type'),
    textAt(object, 'spec', 'clusterIP') || '<none>',
    outside(object),
    servicePorts(object),
    age,
    orNone(pairsAt(object, 'spec', 'selector')),
  ],
  ServiceAccount: (_object, age) => [age],
  StatefulSet: (object, age) => [
    `${countAt(object, 'status', 'readyReplicas')}/${countAt(object, 'spec', 'replicas')}`,
    age,
    containers(object, 'name'),
    containers(object, 'image'),
  ],
  StorageClass: (object, age) => [
    textAt(object, 'provisioner'),
    textAt(object, 'reclaimPolicy'),
    textAt(object, 'volumeBindingMode'),
    at(object, 'allowVolumeExpansion') === true,
    age,
  ],
};

/** Cells of an event. Events are listed by time, so their name comes last. */
export const eventCells = event;
