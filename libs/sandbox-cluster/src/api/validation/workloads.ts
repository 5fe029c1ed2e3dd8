import type { Json, JsonObject } from '#kernel';
import { causes, type Cause } from '../status.ts';
import { validatePodSpec, type PodPlace } from './pod.ts';
import {
  at,
  countOrShare,
  entries,
  labelMap,
  labelSelector,
  list,
  notNegative,
  oneOf,
  selects,
  text,
  tree,
} from './words.ts';

export type Rule = (spec: JsonObject, object: JsonObject) => readonly Cause[];

const ALWAYS: PodPlace = { restart: ['Always'] };

const isEmptySelector = (selector: Json | undefined): boolean =>
  entries(at(selector, 'matchLabels')).length === 0 && list(at(selector, 'matchExpressions')).length === 0;

/**
 * Validates the selector, template, and labels of a workload.
 * @param noun name of the kind in the server's message about empty selectors
 */
function selectorAndTemplate(spec: JsonObject, noun: string): Cause[] {
  const { selector } = spec;
  const labels = at(spec['template'], 'metadata', 'labels');
  const own = labelSelector(selector, 'spec.selector');
  const isMatch = selector === undefined ? undefined : selects(selector, labels);
  return [
    ...(selector === undefined ? [causes.required('spec.selector')] : own),
    ...(selector !== undefined && isEmptySelector(selector)
      ? [causes.invalid('spec.selector', tree(selector), `empty selector is invalid for ${noun}`)]
      : []),
    ...(own.length > 0 ? [causes.invalid('spec.selector', selector, 'invalid label selector')] : []),
    ...(own.length === 0 && (selector === undefined || !isEmptySelector(selector)) && isMatch !== true
      ? [causes.invalid('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`')]
      : []),
    ...template(spec, ALWAYS, SUPPORTED[noun]),
  ];
}

/** Kind that the server names when only Jobs may set a deadline. */
const SUPPORTED: Readonly<Record<string, string>> = { statefulset: 'StatefulSet', daemonset: 'DaemonSet' };

function template(spec: JsonObject, place: PodPlace, owner = 'ReplicaSet'): Cause[] {
  const pod = at(spec['template'], 'spec');
  const deadline = at(pod, 'activeDeadlineSeconds');
  const found = validatePodSpec(pod, 'spec.template.spec', place);
  return [
    ...labelMap(at(spec['template'], 'metadata', 'labels'), 'spec.template.labels'),
    ...found,
    ...(place === ALWAYS && deadline !== undefined
      ? [
          causes.forbidden(
            'spec.template.spec.activeDeadlineSeconds',
            `activeDeadlineSeconds in ${owner} is not Supported`,
          ),
        ]
      : []),
  ];
}

export const deployment: Rule = (spec) => {
  const strategy = tree(spec['strategy']);
  const rolling = strategy['rollingUpdate'];
  const [ready, deadline] = [spec['minReadySeconds'] ?? 0, spec['progressDeadlineSeconds']];
  return [
    ...notNegative(spec['replicas'], 'spec.replicas'),
    ...selectorAndTemplate(spec, 'deployment'),
    ...(strategy['type'] === 'Recreate' && rolling !== undefined
      ? [causes.forbidden('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'")]
      : []),
    ...(strategy['type'] === 'RollingUpdate' ? rollingUpdate(rolling, 'spec.strategy.rollingUpdate') : []),
    ...(strategy['type'] !== 'Recreate' && strategy['type'] !== 'RollingUpdate' && strategy['type'] !== undefined
      ? [
          causes.unsupported('spec.strategy', { Type: strategy['type'], RollingUpdate: rolling ?? null }, [
            'Recreate',
            'RollingUpdate',
          ]),
        ]
      : []),
    ...notNegative(spec['minReadySeconds'], 'spec.minReadySeconds'),
    ...notNegative(spec['revisionHistoryLimit'], 'spec.revisionHistoryLimit'),
    ...notNegative(deadline, 'spec.progressDeadlineSeconds'),
    ...(typeof deadline === 'number' && typeof ready === 'number' && deadline <= ready
      ? [causes.invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds')]
      : []),
  ];
};

function rollingUpdate(given: Json | undefined, field: string): Cause[] {
  const [unavailable, surge] = [at(given, 'maxUnavailable'), at(given, 'maxSurge')];
  const isNothing = (value: Json | undefined) => value === 0 || value === '0%' || value === undefined;
  return [
    ...countOrShare(unavailable, `${field}.maxUnavailable`, { atMostAll: true }),
    ...countOrShare(surge, `${field}.maxSurge`, { atMostAll: false }),
    ...(isNothing(unavailable) && isNothing(surge)
      ? [causes.invalid(`${field}.maxUnavailable`, unavailable ?? 0, 'may not be 0 when `maxSurge` is 0')]
      : []),
  ];
}

export const replicaSet: Rule = (spec) => [
  ...notNegative(spec['replicas'], 'spec.replicas'),
  ...notNegative(spec['minReadySeconds'], 'spec.minReadySeconds'),
  ...selectorAndTemplate(spec, 'deployment'),
];

/**
 * Returns the spec as its controller uses it: with a volume for each claim template, which replaces a volume of the
 * same name.
 */
function withClaimVolumes(spec: JsonObject): JsonObject {
  const claims = list(spec['volumeClaimTemplates']).map((claim) => text(at(claim, 'metadata', 'name')));
  if (claims.length === 0) return spec;
  const pod = tree(at(spec['template'], 'spec'));
  const volumes = list(pod['volumes']).filter((volume) => !claims.includes(text(at(volume, 'name'))));
  const made = claims.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  return {
    ...spec,
    template: { ...tree(spec['template']), spec: { ...pod, volumes: [...made, ...volumes] } },
  };
}

export const statefulSet: Rule = (spec) => {
  const policy = spec['podManagementPolicy'];
  const strategy = tree(spec['updateStrategy']);
  return [
    ...(policy === 'OrderedReady' || policy === 'Parallel'
      ? []
      : [causes.invalid('spec.podManagementPolicy', policy ?? '', "must be 'OrderedReady' or 'Parallel'")]),
    ...(strategy['type'] === 'RollingUpdate' || strategy['type'] === 'OnDelete'
      ? []
      : [
          causes.invalid(
            'spec.updateStrategy',
            { Type: strategy['type'] ?? '', RollingUpdate: strategy['rollingUpdate'] ?? null },
            "must be 'RollingUpdate' or 'OnDelete'",
          ),
        ]),
    ...notNegative(at(strategy['rollingUpdate'], 'partition'), 'spec.updateStrategy.rollingUpdate.partition'),
    ...notNegative(spec['replicas'], 'spec.replicas'),
    ...notNegative(spec['minReadySeconds'], 'spec.minReadySeconds'),
    ...notNegative(spec['revisionHistoryLimit'], 'spec.revisionHistoryLimit'),
    ...selectorAndTemplate(withClaimVolumes(spec), 'statefulset'),
  ];
};

export const daemonSet: Rule = (spec) => {
  const strategy = tree(spec['updateStrategy']);
  return [
    ...selectorAndTemplate(spec, 'daemonset'),
    ...notNegative(spec['minReadySeconds'], 'spec.minReadySeconds'),
    ...(strategy['type'] === 'RollingUpdate' || strategy['type'] === 'OnDelete'
      ? []
      : [
          causes.unsupported(
            'spec.updateStrategy',
            { Type: strategy['type'] ?? '', RollingUpdate: strategy['rollingUpdate'] ?? null },
            ['RollingUpdate', 'OnDelete'],
          ),
        ]),
    ...notNegative(spec['revisionHistoryLimit'], 'spec.revisionHistoryLimit'),
  ];
};

const JOB: PodPlace = { restart: ['OnFailure', 'Never'], restartRequired: true };

export const job: Rule = (spec) => [
  ...jobNumbers(spec, 'spec'),
  ...oneOf(spec['completionMode'], 'spec.completionMode', ['Indexed', 'NonIndexed']),
  ...(spec['completionMode'] === 'Indexed' && spec['completions'] === undefined
    ? [causes.required('spec.completions', 'when completion mode is Indexed')]
    : []),
  ...labelMap(at(spec['template'], 'metadata', 'labels'), 'spec.template.labels'),
  ...validatePodSpec(at(spec['template'], 'spec'), 'spec.template.spec', JOB),
];

const jobNumbers = (spec: JsonObject, field: string): Cause[] =>
  ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished'].flatMap((name) =>
    notNegative(spec[name], `${field}.${name}`),
  );

export const cronJob: Rule = (spec) => {
  const schedule = text(spec['schedule']);
  const fault = schedule === '' ? undefined : scheduleFault(schedule);
  return [
    ...(schedule === ''
      ? [causes.required('spec.schedule')]
      : fault === undefined
        ? []
        : [causes.invalid('spec.schedule', schedule, fault)]),
    ...notNegative(spec['startingDeadlineSeconds'], 'spec.startingDeadlineSeconds'),
    ...oneOf(spec['concurrencyPolicy'], 'spec.concurrencyPolicy', ['Allow', 'Forbid', 'Replace']),
    ...jobNumbers(tree(at(spec['jobTemplate'], 'spec')), 'spec.jobTemplate.spec'),
    ...validatePodSpec(at(spec['jobTemplate'], 'spec', 'template', 'spec'), 'spec.jobTemplate.spec.template.spec', JOB),
    ...notNegative(spec['successfulJobsHistoryLimit'], 'spec.successfulJobsHistoryLimit'),
    ...notNegative(spec['failedJobsHistoryLimit'], 'spec.failedJobsHistoryLimit'),
  ];
};

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const BOUNDS: readonly { readonly least: number; readonly most: number; readonly names?: readonly string[] }[] = [
  { least: 0, most: 59 },
  { least: 0, most: 23 },
  { least: 1, most: 31 },
  { least: 1, most: 12, names: MONTHS },
  { least: 0, most: 6, names: DAYS },
];

/** Returns what is wrong with a cron schedule, in the wording of the server's parser; undefined if it is valid. */
function scheduleFault(schedule: string): string | undefined {
  if (/^@(yearly|annually|monthly|weekly|daily|midnight|hourly)$/.test(schedule) || /^@every \S+$/.test(schedule))
    return undefined;
  if (schedule.startsWith('@')) return `unrecognized descriptor: ${schedule}`;
  const fields = schedule.trim().split(/\s+/);
  if (fields.length !== 5) return `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`;
  for (const [index, field] of fields.entries()) {
    const bounds = BOUNDS[index];
    for (const part of field.split(',')) {
      const fault = bounds && partFault(part, bounds);
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}

function partFault(
  part: string,
  { least, most, names }: { readonly least: number; readonly most: number; readonly names?: readonly string[] },
): string | undefined {
  const [range = '', step, ...more] = part.split('/');
  if (more.length > 0) return `too many slashes: ${part}`;
  if (step !== undefined && !/^\d+$/.test(step))
    return `failed to parse int from ${step}: strconv.Atoi: parsing ${JSON.stringify(step)}: invalid syntax`;
  if (range === '*' || range === '?') return undefined;
  const ends = range.split('-');
  if (ends.length > 2) return `too many hyphens: ${part}`;
  const numbers: number[] = [];
  for (const end of ends) {
    const named = names?.indexOf(end.toLowerCase()) ?? -1;
    if (named < 0 && !/^\d+$/.test(end))
      return `failed to parse int from ${end}: strconv.Atoi: parsing ${JSON.stringify(end)}: invalid syntax`;
    numbers.push(named < 0 ? Number(end) : named + least);
  }
  const [low = least, high = low] = numbers;
  if (low < least) return `beginning of range (${low}) below minimum (${least}): ${part}`;
  if (high > most) return `end of range (${high}) above maximum (${most}): ${part}`;
  return low > high ? `beginning of range (${low}) beyond end of range (${high}): ${part}` : undefined;
}
