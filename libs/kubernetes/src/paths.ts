import type { ResourceType } from './objects.ts';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;
type Place = { readonly name?: string; readonly namespace?: string | undefined; readonly subresource?: string };

/** Returns the path of a collection, or of one object in it. */
export function pathOf(type: ResourceType, { name, namespace, subresource }: Place): string {
  for (const part of [name, namespace]) {
    if (part === '' || part === '.' || part === '..')
      throw new TypeError('The name of an object must not be empty, . or ..'); // they would change the path
  }
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const space = type.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  return `${root}${space}/${type.resource}${object}${subresource === undefined ? '' : `/${subresource}`}`;
}

export function queryOf(parameters: Query): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined && value !== false) query.set(name, String(value));
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}
