/** Maximum length of the path to which a login returns. */
const MAX_CHARACTERS = 2_000;

/**
 * Returns the path of the platform to which a login returns; undefined for anything else. The path is read by the
 * parser that browsers use, so that no text means a path here and another site there.
 *
 * @param text such as `/o/acme/apps?state=Degraded`
 */
export function returnPathOf(text: string): string | undefined {
  if (text.length > MAX_CHARACTERS || !text.startsWith('/') || /[\\\p{Cc}]/u.test(text)) return undefined;
  const base = 'https://platform.invalid';
  if (!URL.canParse(text, base)) return undefined;
  const { origin, pathname, search, hash } = new URL(text, base);
  // A path of two slashes is another host to a browser, also after dots were resolved.
  if (origin !== base || pathname.startsWith('//')) return undefined;
  const path = `${pathname}${search}${hash}`;
  return path.length <= MAX_CHARACTERS ? path : undefined; // other characters than ASCII are longer in a URL
}
