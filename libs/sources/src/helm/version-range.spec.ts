import { isCompleteVersion, newestFirst, parseRange, parseVersion, selectVersion } from './version-range.ts';

const VERSIONS = ['0.2.3', '0.3.0', '1.2.0', '1.2.9', '1.3.0-rc.1', '1.10.1', '2.0.0-beta.1', '2.0.0', '3.0.0-alpha'];

const select = (text: string, versions: readonly string[] = VERSIONS): string | undefined => {
  const range = parseRange(text);
  if (!range) throw new Error(`${text} is not a range`);
  return selectVersion(versions, text, range);
};

describe('a range of chart versions', () => {
  it.each([
    ['*', '2.0.0'],
    ['1.2.0', '1.2.0'],
    ['v1.2.0', '1.2.0'],
    ['=1.2.0', '1.2.0'],
    ['1.2', '1.2.9'],
    ['1.x', '1.10.1'],
    ['1.*', '1.10.1'],
    ['1', '1.10.1'],
    ['^1.2.0', '1.10.1'],
    ['^0.2.0', '0.2.3'],
    ['~1.2.0', '1.2.9'],
    ['~> 1.2.0', '1.2.9'],
    ['~1', '1.10.1'],
    ['>=1.0.0 <2.0.0', '1.10.1'],
    ['>= 1.0.0, < 1.10', '1.2.9'],
    ['=>1.0.0,=<1.2', '1.2.9'],
    ['>1.2', '2.0.0'],
    ['1.2 - 1.9', '1.2.9'],
    ['1.0.0 - 2.0.0, !=2.0.0', '1.10.1'],
    ['!=2.0.0', '1.10.1'],
    ['!=2.x', '1.10.1'],
    ['~0.2 || ~1.2', '1.2.9'],
    ['^4 || ^0.3', '0.3.0'],
    // Pre-releases
    ['>0.0.0-0', '3.0.0-alpha'],
    ['>=1.0.0-0, <2.0.0', '2.0.0-beta.1'],
    ['1.3.0-rc.1', '1.3.0-rc.1'],
    ['~1.3.0-0', '1.3.0-rc.1'],
    ['^1.3.0-rc.0', '1.10.1'],
  ])('%s selects %s', (text, version) => expect(select(text)).toBe(version));

  it.each(['>=9', '^1.11', '1.3.0', '<0.1', '>=2.0.1'])('%s selects none', (text) =>
    expect(select(text)).toBeUndefined(),
  );

  it.each(['', ' ', 'latest', '>=', '1.2.3 ; rm', '^^1', '1.2.3.4.5', '|| 1', `${'1.'.repeat(200)}`, '--help'])(
    '%j is not a range',
    (text) => expect(parseRange(text)).toBeUndefined(),
  );

  it('reads versions with few parts, and selects the text of a repository', () => {
    expect(parseVersion('1.2')?.version).toBe('1.2.0');
    expect(parseVersion('v1')?.version).toBe('1.0.0');
    expect(select('^1.0.0', ['1.0', 'v1.5', 'nonsense', ''])).toBe('v1.5');
    expect(parseVersion('1.x')).toBeUndefined();
  });

  it('prefers the version with exactly the text, and higher build metadata', () => {
    expect(select('1.0.0+a', ['1.0.0+b', '1.0.0+a'])).toBe('1.0.0+a');
    expect(newestFirst(['1.0.0+1', '1.0.0+2', 'x', '2.0.0'])).toEqual(['2.0.0', '1.0.0+2', '1.0.0+1']);
  });

  it('distinguishes complete versions from ranges', () => {
    for (const text of ['1.2.3', 'v1.2.3', '1.2.3-rc.1+5']) expect(isCompleteVersion(text)).toBe(true);
    for (const text of ['1.2', '^1.2.3', '1.2.x', '1.2.3 - 2', '1.2.3 || 2'])
      expect(isCompleteVersion(text)).toBe(false);
  });
});
