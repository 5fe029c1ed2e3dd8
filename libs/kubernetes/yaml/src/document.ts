import type { InputError } from '#kernel';
import type { ManifestDocument, Place } from './parse-manifests.ts';

/**
 * Returns the document with plain scalars as they are written wherever text is required: `tag: 1.10` stays `1.10`.
 *
 * @param wantsText whether the value at a path is text
 */
export function withTexts(
  document: Pick<ManifestDocument, 'value' | 'source'>,
  wantsText: (path: string[]) => boolean,
): unknown {
  const read = (value: unknown, path: readonly (string | number)[]): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => read(item, [...path, index]));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, read(member, [...path, key])]));
    if ((typeof value === 'number' || typeof value === 'boolean') && wantsText(path.map(String)))
      return document.source(path) ?? value;
    return value;
  };
  return read(document.value, []);
}

/** Returns the place of an error in the text of a document. */
export function placeAt(document: ManifestDocument, { pointer, place }: Pick<InputError, 'pointer' | 'place'>): Place {
  const steps = pathOf(pointer).map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  return place ? document.positionInside(steps, place) : document.position(steps);
}

/** Returns the steps of a JSON pointer. */
export const pathOf = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
