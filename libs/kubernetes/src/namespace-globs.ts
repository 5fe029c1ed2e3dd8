/**
 * Returns whether the globs of a cluster's policy allow a namespace: at least one matches it, and none with a leading `!`
 * does, whatever their order. `*` matches any text.
 */
export function allowsNamespace(globs: readonly string[], namespace: string): boolean {
  return (
    globs.some((glob) => !glob.startsWith('!') && matchesGlob(glob, namespace)) &&
    !globs.some((glob) => glob.startsWith('!') && matchesGlob(glob.slice(1), namespace))
  );
}

/** Returns the globs with the changes that allow a namespace: without those that exclude it. */
export const globsAllowing = (globs: readonly string[], namespace: string): readonly string[] => [
  ...globs.filter((glob) => !(glob.startsWith('!') && matchesGlob(glob.slice(1), namespace))),
  ...(globs.some((glob) => !glob.startsWith('!') && matchesGlob(glob, namespace)) ? [] : [namespace]),
];

/** Compares part by part, so that many stars do not cause exponential time. */
function matchesGlob(glob: string, namespace: string): boolean {
  const parts = glob.split('*');
  const [first = '', ...rest] = parts;
  if (rest.length === 0) return namespace === glob;
  const last = rest.pop() ?? '';
  if (!namespace.startsWith(first) || !namespace.endsWith(last) || namespace.length < first.length + last.length)
    return false;
  let from = first.length;
  for (const part of rest) {
    const found = namespace.indexOf(part, from);
    if (found === -1) return false;
    from = found + part.length;
  }
  return from <= namespace.length - last.length;
}
