import { ACCESS_KEY_PREFIX, parseAccessKey } from '#access';

/** Returns a well-formed access key anywhere in a URL, percent-encoded or not. The key need not exist. */
export function leakedKeyIn(url: string): string | undefined {
  const text = url.includes('%') ? decoded(url) : url;
  if (!text.includes(ACCESS_KEY_PREFIX)) return undefined;
  return text.match(/astro_[0-9A-Za-z]{57}/g)?.find((found) => parseAccessKey(found) !== undefined);
}

/** Decodes escapes of printable ASCII; others are unchanged. */
const decoded = (url: string): string =>
  url.replace(/%([2-7][0-9A-Fa-f])/g, (_escape, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
