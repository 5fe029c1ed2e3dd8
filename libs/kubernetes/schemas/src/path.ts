/** Path in an object: field names, map keys, and list indices from the root. */
export type Path = readonly (string | number)[];

/** Formats a path as Kubernetes does in messages: `spec.template.spec.containers[0].image`. */
export const fieldPath = (path: Path): string =>
  path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? key : `${text}.${key}`),
    '',
  );

/** Formats a path as a JSON pointer (RFC 6901). */
export const jsonPointer = (path: Path): string =>
  path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
