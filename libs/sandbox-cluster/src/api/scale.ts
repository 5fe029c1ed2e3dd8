import { err, ok, type Json, type JsonObject, type Result } from '#kernel';
import type { ResourceData } from '#kubernetes/schemas';
import type { ApiStatus } from '../controller.ts';
import { isObject, type KubeObject } from '../store.ts';
import { metadataOf } from './names.ts';
import { at } from './reading.ts';
import { badRequest, causes, invalid } from './status.ts';

/** Paths of the values of a Scale in built-in kinds. */
const OWN_PLACES = { spec: ['spec', 'replicas'], status: ['status', 'replicas'], selector: ['spec', 'selector'] };

const numberAt = (value: Json | undefined): number => (typeof value === 'number' ? value : 0);

/** Returns the Scale of a workload (autoscaling/v1): desired and current replicas, and the label selector. */
export function scaleOf(live: KubeObject, { custom }: Pick<ResourceData, 'custom'>): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = live.metadata;
  const places = custom?.scale ?? OWN_PLACES;
  const replicas = numberAt(at(live, ...places.spec));
  const given = places.selector.length === 0 ? undefined : at(live, ...places.selector);
  const selector = typeof given === 'string' ? given : selectorText(given);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, ...(namespace !== undefined && { namespace }), uid, resourceVersion, creationTimestamp },
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: numberAt(at(live, ...places.status)), ...(selector !== '' && { selector }) },
  };
}

/** Returns the object with its replicas set. */
export function withReplicas(live: KubeObject, { custom }: Pick<ResourceData, 'custom'>, count: number): JsonObject {
  const put = (here: Json | undefined, [name = '', ...rest]: readonly string[]): JsonObject => {
    const members = isObject(here) ? here : {};
    return { ...members, [name]: rest.length === 0 ? count : put(members[name], rest) };
  };
  return put(live, (custom?.scale ?? OWN_PLACES).spec);
}

/** Reads the desired replicas from a Scale. */
export function replicasOf(resource: ResourceData, name: string, body: JsonObject): Result<number, ApiStatus> {
  const said = metadataOf(body)['name'];
  if (typeof said === 'string' && said !== '' && said !== name)
    return err(badRequest(`the name of the object (${said}) does not match the name on the URL (${name})`));
  const replicas = isObject(body['spec']) ? body['spec']['replicas'] : undefined;
  if (replicas !== undefined && replicas !== null && (typeof replicas !== 'number' || !Number.isInteger(replicas)))
    return err(
      badRequest(
        `Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal ${typeof replicas} into Go struct field ScaleSpec.spec.replicas of type int32`,
      ),
    );
  const count = numberAt(replicas);
  return count < 0
    ? err(
        invalid({ kind: 'Scale', group: 'autoscaling' }, name, [
          causes.invalid('spec.replicas', count, 'must be greater than or equal to 0'),
        ]),
      )
    : ok(count);
}

/** Formats a label selector as text: `app=web,tier in (a,b),!old`. */
export function selectorText(selector: Json | undefined): string {
  if (!isObject(selector)) return '';
  const labels = isObject(selector['matchLabels'])
    ? selector['matchLabels']
    : selector['matchExpressions'] === undefined
      ? selector
      : {};
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${String(value)}`);
  const expressions = Array.isArray(selector['matchExpressions'])
    ? (selector['matchExpressions'] as readonly Json[])
    : [];
  const texts = expressions
    .filter((item): item is JsonObject => isObject(item))
    .map((item) => {
      const [key, operator, values] = [
        String(item['key']),
        String(item['operator']),
        Array.isArray(item['values']) ? (item['values'] as readonly Json[]).map(String).sort().join(',') : '',
      ];
      if (operator === 'Exists') return key;
      return operator === 'DoesNotExist' ? `!${key}` : `${key} ${operator.toLowerCase()} (${values})`;
    });
  return [...pairs.sort(), ...texts].join(',');
}
