import { compareBuild, parse, Range, type SemVer } from 'semver';

/** Versions of charts that a text such as `^1.2.0` or `>=1.0, <2.0` accepts. */
export interface VersionRange {
  matches(version: SemVer): boolean;
}

const MAX_LENGTH = 200;
const OPERATOR = '=>|>=|<=|=<|!=|=|>|<|~>|~|\\^';
const COMPARATOR = new RegExp(`(${OPERATOR})?\\s*(v?[0-9xX*][0-9A-Za-z.*+-]*)`, 'g');
const HYPHEN = /(\S+)\s+-\s+(\S+)/g;
const SPELLINGS: Readonly<Record<string, string>> = { '=>': '>=', '=<': '<=', '~>': '~' };

/**
 * Parses a range as helm does: comparators joined by commas or spaces, alternatives by `||`, with `!=`, and hyphen
 * ranges. Pre-releases match only if a comparator of the alternative has one, as in `>=1.0.0-0`; then all pre-releases
 * in the range match. This is where helm differs from npm, which has no `!=`, and accepts pre-releases of
 * the same version only.
 *
 * @returns undefined if the text is not a range
 */
export function parseRange(text: string): VersionRange | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const alternatives = text.split('||').map(parseAlternative);
  return alternatives.every((alternative) => alternative !== undefined)
    ? { matches: (version) => alternatives.some((alternative) => alternative.matches(version)) }
    : undefined;
}

function parseAlternative(text: string): VersionRange | undefined {
  const plain = text.replace(HYPHEN, '>=$1 <=$2');
  if (plain.replace(COMPARATOR, '').replace(/[\s,]/g, '') !== '') return undefined;
  const comparators = [...plain.matchAll(COMPARATOR)].map(([, operator = '', version = '']) => ({
    operator: SPELLINGS[operator] ?? operator,
    version,
  }));
  if (comparators.length === 0) return undefined;
  const includePrerelease = comparators.some(({ version }) => /^[^+]*-/.test(version));
  const rangeOf = (range: string) => toRange(range, includePrerelease);
  const excluded = comparators.filter(({ operator }) => operator === '!=').map(({ version }) => rangeOf(version));
  const included = rangeOf(
    comparators
      .filter(({ operator }) => operator !== '!=')
      .map(({ operator, version }) => operator + version)
      .join(' ') || '*',
  );
  if (!included || !excluded.every((range) => range !== undefined)) return undefined;
  return { matches: (version) => included.test(version) && !excluded.some((range) => range.test(version)) };
}

function toRange(text: string, includePrerelease: boolean): Range | undefined {
  try {
    return new Range(text, { includePrerelease, loose: true });
  } catch {
    return undefined; // the only error of its constructor is that the text is not a range
  }
}

/** Parses a version as helm does: `v` in front is allowed, and missing parts are 0. */
export function parseVersion(text: string): SemVer | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const [, major, minor = '.0', patch = '.0', rest = ''] = /^v?(\d+)(\.\d+)?(\.\d+)?([-+].*)?$/.exec(text) ?? [];
  return major === undefined ? undefined : (parse(`${major}${minor}${patch}${rest}`, { loose: true }) ?? undefined);
}

/** Returns whether a text is one complete version, and not a range. */
export const isCompleteVersion = (text: string): boolean => /^v?\d+\.\d+\.\d+/.test(text) && !!parseVersion(text);

/** Sorts versions, newest first. Texts that are not versions are left out. */
export const newestFirst = (versions: readonly string[]): readonly string[] =>
  versions
    .flatMap((text) => {
      const version = parseVersion(text);
      return version ? [{ text, version }] : [];
    })
    .sort((a, b) => compareBuild(b.version, a.version, true))
    .map(({ text }) => text);

/**
 * Selects the version that helm would use: the one with exactly this text, otherwise the newest one of the range.
 *
 * @returns undefined if none matches
 */
export function selectVersion(versions: readonly string[], text: string, range: VersionRange): string | undefined {
  if (versions.includes(text)) return text;
  return newestFirst(versions).find((each) => {
    const version = parseVersion(each);
    return version !== undefined && range.matches(version);
  });
}
