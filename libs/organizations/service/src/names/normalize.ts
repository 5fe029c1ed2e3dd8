/** Returns the form of a display name that is compared, without differences in Unicode form, case, and white space. */
export const comparable = (name: string): string =>
  name.normalize('NFKC').toLowerCase().normalize('NFC').replace(/\s+/gu, ' ').trim();

/**
 * Derives a slug (a DNS label of at most 20 characters) from a display name; `undefined` if no usable character is
 * left.
 */
export function slugFrom(name: string): string | undefined {
  const label = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 20)
    .replace(/-+$/, '');
  return label === '' ? undefined : label;
}
