const MAX_NAMED = 5;

/**
 * Compares two renders of the same chart and values.
 *
 * @returns the templates whose output differs, at most 5; empty if the renders are equal
 */
export function differingTemplates(first: string, second: string): readonly string[] {
  if (first === second) return [];
  const others = documentsOf(second);
  const differing = documentsOf(first).filter((document, index) => document !== others[index]);
  const templates = new Set(differing.map((document) => /^# Source: (\S+)$/m.exec(document)?.[1] ?? 'its templates'));
  return templates.size === 0 ? ['its templates'] : [...templates].slice(0, MAX_NAMED);
}

const documentsOf = (manifests: string): readonly string[] => manifests.split(/^---$/m);
