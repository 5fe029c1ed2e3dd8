import { parse } from 'yaml';

/**
 * Parses a small text in YAML whose scalars are all strings, as they are written, so that the version `1.10` keeps its
 * zero.
 *
 * @returns undefined if the text is not YAML
 */
export function readYaml(text: string): unknown {
  try {
    return parse(text, { schema: 'failsafe', maxAliasCount: 20, uniqueKeys: false, logLevel: 'silent' });
  } catch {
    return undefined; // callers report an invalid file in their own words
  }
}
