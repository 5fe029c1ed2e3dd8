import type { Json, JsonObject } from '#kernel';
import { objectsAt, textAt, textsAt, listAt, objectAt } from './fields.ts';
import type { KubeObject, StoreReader } from '../store.ts';

type Labels = { readonly [key: string]: string };

export const hasLabels = (labels: Labels, wanted: Labels): boolean =>
  Object.entries(wanted).every(([key, value]) => labels[key] === value);

/** Returns whether a LabelSelector matches labels. An empty one matches everything, a missing one nothing. */
export function selects(selector: Json | undefined, labels: Labels): boolean {
  if (selector === undefined || selector === null) return false;
  return (
    hasLabels(labels, textsAt(selector, 'matchLabels')) &&
    objectsAt(selector, 'matchExpressions').every((rule) => meets(rule, labels))
  );
}

function meets(rule: JsonObject, labels: Labels): boolean {
  const value = labels[textAt(rule, 'key') ?? ''];
  const values = listAt(rule, 'values');
  switch (textAt(rule, 'operator')) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}

/** Returns the objects of a namespace that match a LabelSelector, through the store's label index. */
export function selected(
  store: StoreReader,
  resource: string,
  namespace: string,
  selector: Json | undefined,
): readonly KubeObject[] {
  if (selector === undefined || selector === null) return [];
  const found = store.list(resource, { namespace, labels: textsAt(selector, 'matchLabels') });
  return objectsAt(selector, 'matchExpressions').length === 0
    ? found
    : found.filter(({ metadata }) => selects(objectAt(selector), metadata.labels ?? {}));
}
