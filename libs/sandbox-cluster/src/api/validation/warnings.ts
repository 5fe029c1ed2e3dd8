import type { JsonObject } from '#kernel';
import type { ResourceData } from '#kubernetes/schemas';
import { metadataOf, ruleKind } from '../names.ts';
import { at, dnsLabel, text, tree, trees } from './words.ts';

/** Path of the pod template in each kind. */
const POD_AT: Readonly<Record<string, readonly string[]>> = {
  CronJob: ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
  DaemonSet: ['spec', 'template', 'spec'],
  Deployment: ['spec', 'template', 'spec'],
  Job: ['spec', 'template', 'spec'],
  Pod: ['spec'],
  ReplicaSet: ['spec', 'template', 'spec'],
  StatefulSet: ['spec', 'template', 'spec'],
};

/** Returns the warnings for an object that the server accepts. */
export function warningsFor(resource: ResourceData, object: JsonObject): readonly string[] {
  const kind = ruleKind(resource);
  const place = POD_AT[kind];
  if (!place) return [];
  const spec = tree(at(object, ...place));
  const field = place.join('.');
  const name = text(metadataOf(object)['name']);
  const faults = name.includes('.') ? dnsLabel(name) : [];
  const grace = spec['terminationGracePeriodSeconds'];
  return [
    ...(faults.length > 0 && ['Deployment', 'ReplicaSet', 'Pod', 'DaemonSet', 'Job', 'CronJob'].includes(kind)
      ? [
          `metadata.name: this is used in ${kind === 'Pod' ? "the Pod's hostname" : 'Pod names and hostnames'}, which can result in surprising behavior; a DNS label is recommended: [${faults.join(', ')}]`,
        ]
      : []),
    ...(typeof grace === 'number' && grace < 0
      ? [`${field}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`]
      : []),
    ...trees(spec['imagePullSecrets']).flatMap((reference, index) =>
      text(reference['name']) === '' ? [`${field}.imagePullSecrets[${index}].name: invalid empty name ""`] : [],
    ),
    ...['initContainers', 'containers'].flatMap((group) =>
      trees(spec[group]).flatMap((container, index) => [
        ...doubledVariables(container, `${field}.${group}[${index}]`),
        ...brokenBytes(container, `${field}.${group}[${index}]`),
      ]),
    ),
  ];
}

/** Warns about variables that a later one of the same name overrides. */
function doubledVariables(container: JsonObject, field: string): string[] {
  const seen = new Map<string, number>();
  return trees(container['env']).flatMap((variable, index) => {
    const name = text(variable['name']);
    const before = seen.get(name);
    seen.set(name, index);
    return before === undefined
      ? []
      : [`${field}.env[${index}]: hides previous definition of "${name}", which may be dropped when using apply`];
  });
}

/** Warns about fractional bytes. */
function brokenBytes(container: JsonObject, field: string): string[] {
  return ['limits', 'requests'].flatMap((group) =>
    ['memory', 'ephemeral-storage'].flatMap((name) => {
      const amount = text(tree(tree(container['resources'])[group])[name]);
      return amount.endsWith('m')
        ? [
            `${field}.resources.${group}[${name}]: fractional byte value ${JSON.stringify(amount)} is invalid, must be an integer`,
          ]
        : [];
    }),
  );
}
