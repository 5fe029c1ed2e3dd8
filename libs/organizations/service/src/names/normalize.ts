/** What two display names have in common when they look equal: form, case and white space do not count. */
export const comparable = (name: string): string =>
  name.normalize('NFKC').toLowerCase().normalize('NFC').replace(/\s+/gu, ' ').trim();

/** A DNS label of at most 20 characters made from a display name; `undefined` when nothing usable is left. */
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
